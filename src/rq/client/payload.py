"""The call that a job makes, serialized or not: whichever was given, and the other one when it is asked for."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

from rq.core.errors import BaseTimeoutException, DeserializationError, InvalidOptionError, OptionTypeError
from rq.core.serializers import DefaultSerializer, Serializer, resolve_serializer

if TYPE_CHECKING:
    from collections.abc import Sequence

# A file, a lock, a connection or a lambda is known to the program that has it, and pickle's own words do not say why anybody wants to pickle it.
_CANNOT_TRAVEL = (
    "The arguments of a job travel to the worker: pass what can be serialized, such as a path or an id, and let the function open or look up the rest"
)


class Payload:
    """What to call and with what: `(func_name, instance, args, kwargs)`.

    Args:
        job_id: whose payload it is, for messages.
        serializer: turns the call into bytes and back.
        data: the serialized call, None if there is none yet.
    """

    __slots__ = ("_call", "_data", "job_id", "serializer")

    def __init__(self, job_id: str, serializer: Serializer, data: bytes | None = None) -> None:
        self.job_id = job_id
        self.serializer = serializer
        self._data = data
        self._call: list[Any] | None = None

    @property
    def data(self) -> bytes:
        """The serialized call.

        Raises:
            InvalidOptionError: if nothing is to be called yet (a ValueError, as with RQ). Whatever the serializer raises.
        """
        if self._data is None:
            if self._call is None:
                message = f"Job {self.job_id} has no payload: give it a function with Job.create, or set func_name"
                raise InvalidOptionError(message)
            try:
                self._data = self.serializer.dumps(tuple(self._call))
            except (TypeError, AttributeError, pickle.PicklingError) as error:
                error.add_note(_CANNOT_TRAVEL)
                raise
        return self._data

    @data.setter
    def data(self, data: bytes) -> None:
        self._data = data
        self._call = None

    @property
    def has_data(self) -> bool:
        """Whether there is anything to call."""
        return self._data is not None or self._call is not None

    @property
    def call(self) -> list[Any]:
        """The parts of the call.

        Raises:
            DeserializationError: if the payload cannot be loaded; the serializer's own error is the cause.
        """
        if self._call is None:
            self._call = self._load()
        return self._call

    def give(self, func_name: str | None, instance: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        """Set all parts at once."""
        self._call = [func_name, instance, args, kwargs]
        self._data = None

    def replace(self, index: int, value: Any) -> None:
        """Set one part; the others stay, or are empty if there was nothing."""
        if not self.has_data:
            self._call = [None, None, (), {}]
        self.call[index] = value
        self._data = None

    def _load(self) -> list[Any]:
        if self._data is None:
            message = f"Job {self.job_id} has no payload"
            raise DeserializationError(message)
        try:
            func_name, instance, args, kwargs = self.serializer.loads(self._data)
        except BaseTimeoutException:
            raise  # the job's time is over: that says nothing about the payload
        except Exception as error:
            message = (
                f"The payload of job {self.job_id} cannot be loaded ({type(error).__name__}: {error}); read it with the serializer it was written with, "
                "where the classes of its arguments can be imported"
            )
            raise DeserializationError(message) from error
        return [func_name, instance, args, kwargs]


def checked_arguments(args: Any, kwargs: Any) -> tuple[Sequence[Any], dict[str, Any]]:
    """Return a call's arguments, empty where None was given.

    Raises:
        OptionTypeError: if they are no sequence, or no mapping of names (a TypeError).
    """
    if args is None:
        args = ()
    elif not isinstance(args, (tuple, list)):
        message = f"args must be a tuple or a list of positional arguments, not {type(args).__name__}: {args!r}"
        raise OptionTypeError(message)
    if kwargs is None:
        kwargs = {}
    elif not isinstance(kwargs, dict):
        message = f"kwargs must be a dict of keyword arguments, not {type(kwargs).__name__}: {kwargs!r}"
        raise OptionTypeError(message)
    return args, kwargs


def serializer_of(serializer: Serializer | str | None) -> Serializer:
    """Return what `resolve_serializer` does, without the checks for the one that nearly everybody uses."""
    if serializer is None or serializer is DefaultSerializer:
        return DefaultSerializer
    return resolve_serializer(serializer)
