"""The types of the public signatures."""

from rq.client.types import FailureCallbackType, FunctionReferenceType, SuccessCallbackType

__all__ = ["FailureCallbackType", "FunctionReferenceType", "SuccessCallbackType"]
