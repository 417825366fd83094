"""Serializers, and the ways to name one."""

import json
import pickle
import sys
from datetime import UTC, datetime

import pytest

from rq.core.errors import InvalidSerializerError, ReferenceNotFound
from rq.core.serializers import (
    SERIALIZER_ALIASES,
    DefaultSerializer,
    JSONSerializer,
    PickleSerializer,
    Serializer,
    resolve_serializer,
)


def test_the_default_is_pickle_under_both_names():
    assert DefaultSerializer is PickleSerializer
    assert list(SERIALIZER_ALIASES.items()) == [("json", JSONSerializer), ("pickle", PickleSerializer)]


def test_pickle_is_written_in_the_newest_protocol_of_all_supported_pythons():
    value = ("tasks.f", None, (datetime(2026, 1, 1, tzinfo=UTC),), {"a": {1, 2}})
    assert DefaultSerializer.dumps(value) == pickle.dumps(value, protocol=5)
    assert DefaultSerializer.loads(DefaultSerializer.dumps(value)) == value


def test_json_is_written_as_utf_8_bytes_and_read_back():
    assert JSONSerializer.dumps({"a": 1}) == b'{"a": 1}'
    assert JSONSerializer.loads(JSONSerializer.dumps(("é", None, 1.5))) == ["é", None, 1.5]


def test_json_takes_the_options_of_the_json_module():
    assert JSONSerializer.dumps({"b": 1, "a": 2}, sort_keys=True) == b'{"a": 2, "b": 1}'
    assert JSONSerializer.loads(b"1.5", parse_float=str) == "1.5"


def test_what_json_cannot_write_is_a_type_error():
    with pytest.raises(TypeError, match="object is not JSON serializable"):
        JSONSerializer.dumps(object())


@pytest.mark.parametrize("serializer", [DefaultSerializer, JSONSerializer, JSONSerializer(), json, pickle])
def test_classes_objects_and_modules_with_both_methods_are_serializers(serializer):
    assert isinstance(serializer, Serializer)
    assert resolve_serializer(serializer) is serializer


@pytest.mark.parametrize(
    ("name", "serializer"),
    [
        (None, DefaultSerializer),
        ("", DefaultSerializer),
        ("json", JSONSerializer),
        ("pickle", DefaultSerializer),
        ("rq.core.serializers.JSONSerializer", JSONSerializer),
    ],
)
def test_a_serializer_can_be_named(name, serializer):
    assert resolve_serializer(name) is serializer


class WithoutLoads:
    @staticmethod
    def dumps(value):
        return repr(value).encode()


class WithAttributesOnly:
    dumps = loads = "text"


@pytest.mark.parametrize("serializer", [5, object, WithoutLoads, WithAttributesOnly, "json.dumps"])
def test_what_lacks_a_method_is_no_serializer(serializer):
    with pytest.raises(InvalidSerializerError):
        resolve_serializer(serializer)


@pytest.mark.parametrize("path", ["JSON", "nowhere.Serializer", "math"])
def test_a_path_that_leads_nowhere_is_a_value_error(path):
    with pytest.raises(ReferenceNotFound):
        resolve_serializer(path)


def test_serializers_name_the_path_users_import_them_from():
    assert {DefaultSerializer.__module__, JSONSerializer.__module__} == {"rq.serializers"}
    assert sys.modules[resolve_serializer.__module__].__name__ == "rq.core.serializers"
