"""Descriptors: the attributes that `Job` and its relatives have many of, each written once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, overload

from rq.core.ids import validate_job_id
from rq.core.keys import current_keyspace

if TYPE_CHECKING:
    from typing import Self

    from rq.client.payload import Payload
    from rq.model.record import JobRecord
    from rq.model.states import JobStatus

T = TypeVar("T")


class HasRecord(Protocol):
    """A handle of a job, as the descriptors see it."""

    record: JobRecord
    payload: Payload


class HasStatus(Protocol):
    """A handle of a job that can ask for its status."""

    def get_status(self, refresh: bool = True) -> JobStatus:
        """Return the status; asked of the server, unless `refresh` is false."""


class RecordField(Generic[T]):
    """An attribute that is a field of the job's record.

    Args:
        name: the field's name; by default the attribute's own.
    """

    def __init__(self, name: str | None = None) -> None:
        self._name = name or ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = self._name or name

    @overload
    def __get__(self, handle: None, owner: type) -> Self: ...
    @overload
    def __get__(self, handle: HasRecord, owner: type) -> T: ...
    def __get__(self, handle: HasRecord | None, owner: type) -> Self | T:
        if handle is None:
            return self
        value: T = getattr(handle.record, self._name)
        return value

    def __set__(self, handle: HasRecord, value: T) -> None:
        setattr(handle.record, self._name, value)


class JobId(RecordField[str]):
    """The id of a handle's job."""

    def __set__(self, handle: HasRecord, value: str) -> None:
        validate_job_id(value)
        handle.record.id = handle.payload.job_id = value


class PayloadField(Generic[T]):
    """An attribute that is a part of the job's call, loaded when it is first asked for; setting it makes the serialized payload anew.

    Args:
        index: which part: 0 the function's name, 1 what it is a method of, 2 the positional and 3 the keyword arguments.
    """

    def __init__(self, index: int) -> None:
        self._index = index

    @overload
    def __get__(self, handle: None, owner: type) -> Self: ...
    @overload
    def __get__(self, handle: HasRecord, owner: type) -> T: ...
    def __get__(self, handle: HasRecord | None, owner: type) -> Self | T:
        if handle is None:
            return self
        value: T = handle.payload.call[self._index]
        return value

    def __set__(self, handle: HasRecord, value: T) -> None:
        handle.payload.replace(self._index, value)


class StatusCheck:
    """A property that asks the server whether the job has this status.

    Args:
        status: the status to compare with.
    """

    def __init__(self, status: JobStatus) -> None:
        self._status = status
        self.__doc__ = f"Whether the job is {status.value}, asked of the server; InvalidJobOperation if there is no such job."

    @overload
    def __get__(self, handle: None, owner: type) -> Self: ...
    @overload
    def __get__(self, handle: HasStatus, owner: type) -> bool: ...
    def __get__(self, handle: HasStatus | None, owner: type) -> Self | bool:
        return self if handle is None else handle.get_status() == self._status


class KeyOfClass:
    """A class attribute that is a key or the beginning of one, in the keyspace of the environment.

    Args:
        template: a name of `core.keys.TEMPLATES`.
        arguments: what stands for the template's arguments.
    """

    def __init__(self, template: str, *arguments: str) -> None:
        self._template = template
        self._arguments = arguments

    def __get__(self, handle: Any, owner: type) -> str:
        return current_keyspace().name(self._template, *self._arguments)
