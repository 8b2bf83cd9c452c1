"""Names in another process: a pickle carries along the classes that stand for them in this one.

A pickle of ``Dense(8, "swish2")`` holds the text "swish2" alone. In a process that runs another program, such as a
worker of joblib or Dask, nobody has defined that class. So the pickle of a model or estimator also says what each
name of a user's class stands for: the module to import, or the class itself, written by cloudpickle if it was
defined in ``__main__`` or inside a function. It is read only when the name is looked up.
"""

from __future__ import annotations

import io
import os
import pickle
import sys
from collections.abc import Iterator
from functools import reduce
from importlib import import_module
from threading import local
from types import new_class
from typing import Any, Self

from framework.core.built_in import is_built_in
from framework.core.copies import not_picklable
from framework.core.messages import shown

MOST_BYTES = 1 << 24  # of one class, with the values that its methods use
_process = os.urandom(8)
_packing = local()


class Carrying:
    """An object whose pickle carries along the classes behind the names of this process.

    A pickle that cannot be made, because of a lock or an open file in an attribute, says whose it is.
    """

    checked_when_pickled = True

    def __reduce_ex__(self, protocol: Any) -> Any:
        reduced: Any = super().__reduce_ex__(protocol)
        if isinstance(reduced, str):  # the name of a global, from a __reduce__ of its own
            return reduced
        function, arguments, *state = reduced
        return (_rebuilt, (_carried, _Checked(self, state[0] if state else None), function, arguments), *state)


class _Unpickled:
    """A part of a pickle that is made when it is written; copies share it."""

    def __deepcopy__(self, memo: Any) -> Self:
        return self


class _Checked(_Unpickled):
    """Writes nothing, but raises TypeError for an attribute that no pickle can hold."""

    def __init__(self, owner: Any, state: Any) -> None:
        self.owner = owner
        self.state = state

    def __reduce__(self) -> Any:
        who = type(self.owner).__name__
        for name, value in self.state.items() if isinstance(self.state, dict) else ():
            for where, part, reason in not_picklable(value, f"{who}.{name}"):
                raise TypeError(
                    f"{where} is {shown(part)}, which cannot be sent to another process or put into a pickle: "
                    f"{reason}. Leave it out in {who}.__getstate__, or make it only when it is used"
                )
        return _nothing, ()


class _Carried(_Unpickled):
    """The classes behind the names of this process."""

    def __reduce__(self) -> Any:
        sent = [] if getattr(_packing, "now", False) else list(self._sent())
        return _arrive, ((_here(), sent) if sent else (None, sent))

    def _sent(self) -> Iterator[tuple[str, str, Any]]:
        _packing.now = True  # a class whose methods use a model would be packed without end
        try:
            for family in _families():
                for key, place in family._sent.items():
                    yield family.__name__, key, place.packed
                for key, cls in list(family._registry.items()):
                    if not is_built_in(cls):
                        yield family.__name__, key, _packed(cls)
        finally:
            _packing.now = False


_carried = _Carried()  # one, so that a pickle of many components holds it once


class Sent:
    """A class of another process, loaded when its name is looked up."""

    def __init__(self, packed: Any) -> None:
        self.packed = packed
        self._loaded: Any = None

    def load(self) -> Any:
        """Return the class; ValueError with the reason if it could not be sent or loaded."""
        if self._loaded is None:
            kind, *content = self.packed
            if kind == "problem":
                raise ValueError(content[0])
            if kind == "module":
                module, name = content
                self._loaded = reduce(getattr, name.split("."), import_module(module))
            else:
                self._loaded = pickle.loads(content[0])
        return self._loaded


def _rebuilt(carried: None, checked: None, function: Any, arguments: Any) -> Any:
    """Return the object that `function` makes, after the classes that names stand for have arrived."""
    return function(*arguments)


def _nothing() -> None:
    """Return what is unpickled for a check."""


def made_by_unpickling() -> bool:
    """Return whether the class statement that runs `__init_subclass__` is that of cloudpickle.

    It makes an empty class, without the keywords of the original, and sets the attributes afterwards.
    """
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_code.co_name in ("__init_subclass__", "__new__"):
        frame = frame.f_back
    return frame.f_code is new_class.__code__


def importable(cls: type[Any]) -> bool:
    """Return whether another process finds `cls` by importing its module."""
    found: Any = sys.modules.get(cls.__module__)
    for name in cls.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is cls and cls.__module__ not in ("__main__", "__mp_main__")


def _families() -> list[Any]:
    return [cls for base in Carrying.__subclasses__() for cls in base.__subclasses__() if "_registry" in vars(cls)]


def _here() -> tuple[bytes, int]:
    return _process, os.getpid()


def _arrive(origin: tuple[bytes, int] | None, sent: list[tuple[str, str, Any]]) -> None:
    if not sent or origin == _here():
        return
    families = {family.__name__: family for family in _families()}
    for family, key, packed in sent:
        if family in families:
            families[family]._sent[key] = Sent(packed)


class _Limited(io.BytesIO):
    def write(self, data: Any) -> int:
        if self.tell() + memoryview(data).nbytes > MOST_BYTES:
            raise ValueError(f"with the values that its methods use, it takes more than {MOST_BYTES >> 20} MB")
        return super().write(data)


def _packed(cls: type[Any]) -> tuple[str, ...] | tuple[str, bytes]:
    if importable(cls):
        return "module", cls.__module__, cls.__qualname__
    cloudpickle: Any = sys.modules.get("cloudpickle") or sys.modules.get("joblib.externals.cloudpickle")
    where = f"{cls.__qualname__} was defined in {cls.__module__} of another process"
    if cloudpickle is None:
        return "problem", f"{where}, and a plain pickle does not hold it; define it in a module that can be imported"
    content = _Limited()
    try:
        cloudpickle.dump(cls, content)
    except Exception as error:  # whatever the values that its methods use say to being pickled
        return "problem", f"{where} and could not be sent along: {error}"
    return "class", content.getvalue()
