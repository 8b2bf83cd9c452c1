"""Components as plain data, and back: only constructor arguments, so such data cannot run, import or open anything."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import isfinite, prod
from typing import Any

import numpy as np

from framework.core.component import Component, UnknownComponent
from framework.core.constructors import made_from
from framework.core.messages import did_you_mean, name_key, shown
from framework.core.types import Array

PLAIN_DTYPES = frozenset(["|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8"])


def to_config(component: Component) -> dict[str, Any]:
    """Return `component` as JSON data: its family, its name and its constructor's arguments.

    Raises
    ------
    TypeError
        If an argument cannot be written, such as a function.
    """
    config: dict[str, Any] = encode(component)
    return config


def from_config(data: Any, classes: Iterable[type[Component]] = ()) -> Any:
    """Return a new component from the result of `to_config`.

    Parameters
    ----------
    data : dict
    classes : iterable of Component classes
        Searched before the registered ones.

    Raises
    ------
    ValueError
        If a component is unknown, or if `data` does not have the form of a config.
    """
    with told_how_to_find():
        return decode(data, classes)


@contextmanager
def told_how_to_find() -> Iterator[None]:
    """Let the error for a component that is not known say what to do about it."""
    try:
        yield
    except UnknownComponent as error:
        raise UnknownComponent(f"{error}. Import the module that defines it, or pass its class in classes=") from None


def enter(classes: Iterable[type[Component]]) -> None:
    """Register the names of `classes` that no other class has."""
    for cls in classes:
        if Component not in cls.__bases__ and not cls.known(cls.component_name):
            cls._registry[name_key(cls.component_name)] = cls


def encode(value: Any, where: str = "", arrays: dict[str, Array] | None = None) -> Any:
    """Return as JSON data any value that may be a component's argument or part of a state.

    Parameters
    ----------
    value
        None, bool, int, float, str, array, dtype, component, class of components; lists, tuples and dicts of these.
    where : str
        The name of the value in errors and in `arrays`.
    arrays : dict, optional
        Arrays are added to it by name; without it they are written as text.
    """
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return value if isfinite(value) else {"float": str(value)}
    if isinstance(value, list):
        return [encode(item, f"{where}[{i}]", arrays) for i, item in enumerate(value)]
    if isinstance(value, tuple):
        return {"tuple": encode(list(value), where, arrays)}
    if isinstance(value, dict):
        pairs = value.items()
        return {"dict": [[encode(key), encode(item, inside(where, key), arrays)] for key, item in pairs]}
    if isinstance(value, Component):
        arguments = value.get_params(deep=False).items()
        return {
            **_named(type(value)),
            "arguments": {name: encode(item, inside(where, name), arrays) for name, item in arguments},
        }
    if isinstance(value, type) and issubclass(value, Component):
        return _named(value)
    if isinstance(value, np.dtype):
        return {"dtype": value.str}
    if isinstance(value, type) and issubclass(value, np.number):
        return {"type": np.dtype(value).str}
    if isinstance(value, np.ndarray | np.generic) and value.dtype.newbyteorder("<").str in PLAIN_DTYPES:
        return _encode_array(value, where, arrays)
    fix = "; write a class with this function as its __call__" if callable(value) else ""
    raise TypeError(f"{where or 'this'} is {shown(value)}, which cannot be written to a file{fix}")


def decode(data: Any, classes: Iterable[type[Component]] = (), arrays: dict[str, Array] | None = None) -> Any:
    """Return the value that `encode` got; ValueError if `data` does not have the form that it returns.

    Arrays that `data` refers to are removed from `arrays`.
    """
    if data is None or isinstance(data, bool | int | float | str):
        return data
    if isinstance(data, list):
        return [decode(item, classes, arrays) for item in data]
    match data:
        case {"float": "nan" | "inf" | "-inf" as text, **rest} if not rest:
            return float(text)
        case {"tuple": list(items), **rest} if not rest:
            return tuple(decode(items, classes, arrays))
        case {"dict": list(pairs), **rest} if not rest:
            return {decode(key, classes, arrays): decode(item, classes, arrays) for key, item in pairs}
        case {"dtype": str(text), **rest} if not rest and text in PLAIN_DTYPES:
            return np.dtype(text)
        case {"type": str(text), **rest} if not rest and text in PLAIN_DTYPES:
            return np.dtype(text).type
        case {"stored": str(name), "scalar": bool(scalar), **rest} if not rest and arrays and name in arrays:
            return _as_given(arrays.pop(name), scalar)
        case {"array": str(text), "shape": list(axes), "base64": str(content), "scalar": bool(scalar)} if (
            len(data) == 4
        ):
            return _as_given(_decode_array(text, axes, content), scalar)
        case {"family": str(family), "name": str(name), **rest} if not rest:
            return _class(family, name, classes)
        case {"family": str(family), "name": str(name), "arguments": dict(arguments), **rest} if not rest:
            cls = _class(family, name, classes)
            given = {key: decode(item, classes, arrays) for key, item in arguments.items()}
            try:
                return made_from(cls, given)
            except TypeError as error:
                raise ValueError(f"{cls.__name__}: {error}") from error
    raise ValueError(f"a config cannot hold {shown(data)}")


def inside(where: str, name: Any) -> str:
    """Return the full name of the argument or item `name` inside `where`."""
    return f"{where}.{name}" if where else str(name)


def _named(cls: type[Component]) -> dict[str, str]:
    family = next(base for base in cls.__mro__ if Component in base.__bases__)
    return {"family": family.__name__, "name": cls.component_name}


def _class(family: str, name: str, classes: Iterable[type[Component]]) -> type[Component]:
    families = {base.__name__: base for base in Component.__subclasses__()}
    if family not in families:
        raise ValueError(f"unknown family of components {family!r}{did_you_mean(family, families)}")
    base = families[family]
    for cls in (base, *classes):
        if issubclass(cls, base) and cls.component_name == name:
            return cls
    return base.named(name)


def _encode_array(value: Any, where: str, arrays: dict[str, Array] | None) -> dict[str, Any]:
    array = np.asarray(value, value.dtype.newbyteorder("<"), order="C")
    scalar = isinstance(value, np.generic)
    if arrays is None:
        text = b64encode(array.tobytes()).decode()
        return {"array": array.dtype.str, "shape": list(array.shape), "base64": text, "scalar": scalar}
    name = "".join(letter if letter.isalnum() or letter in ".-[]" else "_" for letter in where)
    while name in arrays:
        name += "_"
    arrays[name] = array
    return {"stored": name, "scalar": scalar}


def _decode_array(text: str, shape: list[Any], data: str) -> Array:
    content = b64decode(data, validate=True)
    if text not in PLAIN_DTYPES or not all(type(axis) is int and axis >= 0 for axis in shape):
        raise ValueError(f"a config cannot hold an array of {text!r} and shape {shape}")
    if prod(shape) * np.dtype(text).itemsize != len(content):
        raise ValueError(f"an array of {text} and shape {shape} does not have {len(content)} bytes")
    return np.frombuffer(content, text).reshape(shape)


def _as_given(array: Array, scalar: bool) -> Any:
    """Return a writable array of the native byte order, or the scalar in it."""
    native = array.astype(array.dtype.newbyteorder("="))
    return native[()] if scalar else native
