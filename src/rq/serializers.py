"""Serializers, and how to choose one."""

from rq.core.references import import_attribute
from rq.core.serializers import (
    SERIALIZER_ALIASES,
    DefaultSerializer,
    JSONSerializer,
    PickleSerializer,
    Serializer,
    resolve_serializer,
)

__all__ = [
    "SERIALIZER_ALIASES",
    "DefaultSerializer",
    "JSONSerializer",
    "PickleSerializer",
    "Serializer",
    "import_attribute",
    "resolve_serializer",
]
