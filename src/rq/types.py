"""The types of the public signatures."""

from rq.client.types import FailureCallbackType, FunctionReferenceType, JobDependencyType, SuccessCallbackType

__all__ = ["FailureCallbackType", "FunctionReferenceType", "JobDependencyType", "SuccessCallbackType"]
