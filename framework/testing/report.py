"""A component under check: call it, compare what it computes, and report what is wrong."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, NoReturn, ParamSpec

import numpy as np

from framework.core.component import Component
from framework.core.types import Array
from framework.testing.causes import likeliest
from framework.testing.numeric import RTOL, Slopes

P = ParamSpec("P")


def reporting(check: Callable[P, None]) -> Callable[P, None]:
    """Make a check turn every exception into an AssertionError that names its first argument, the component."""

    @wraps(check)
    def reported(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            check(*args, **kwargs)
        except AssertionError:
            raise
        except Exception as error:
            who = args[0] if args else check.__name__
            what = f"raised {type(error).__name__}: {error}"
            raise AssertionError(f"{_name(who)}\n    {what}\n    likeliest cause: {_reason(error)}") from error

    return reported


class Subject:
    """A component under check.

    Parameters
    ----------
    component : Component
    """

    def __init__(self, component: Component) -> None:
        self.component = component
        self.name = _name(component)

    def fail(self, part: str, problem: str, cause: str = "") -> NoReturn:
        """Raise AssertionError: which component, which part, what is wrong, the likeliest cause."""
        raise AssertionError(self.message(part, problem, cause))

    def message(self, part: str, problem: str, cause: str) -> str:
        """Return what `fail` says."""
        return f"{self.name}\n    {part}: {problem}" + (f"\n    likeliest cause: {cause}" if cause else "")

    def require(self, fine: Any, part: str, problem: str, cause: str = "") -> None:
        """Fail unless `fine`."""
        if not fine:
            self.fail(part, problem, cause)

    def call(self, part: str, function: Callable[..., Any], /, *args: Any, **inputs: Array) -> Any:
        """Return ``function(*args)``; fail if it changes the global random state or writes to one of `inputs`."""
        before = {name: array.copy() for name, array in inputs.items()}
        state = _global_random_state()
        try:
            result = function(*args)
        except AssertionError:
            raise
        except Exception as error:
            what = f"raised {type(error).__name__}: {error}"
            raise AssertionError(self.message(part, what, _reason(error))) from error
        if _global_random_state() != state:
            cause = "it draws from np.random or random: use the Generator that it is given (rng, ctx.rng)"
            self.fail(part, "the global random state was changed", cause)
        for name, array in inputs.items():
            if not np.array_equal(array, before[name], equal_nan=True):
                i = _worst(array, before[name])
                problem = f"writes to {name}: entry {i} was {before[name][i]!r} and is now {array[i]!r}"
                self.fail(part, problem, f"an operation in place, or out={name}; make a new array")
        return result

    def compute(
        self, part: str, function: Callable[[], Any], shape: tuple[int, ...], dtype: Any = np.float64, **inputs: Array
    ) -> Array:
        """Return a copy of the array that `function` computes; fail as `call` and `array` do."""
        return self.array(part, self.call(part, function, **inputs), shape, dtype).copy()

    def array(self, part: str, value: Any, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """Return `value`; fail unless it is an array of this shape and dtype."""
        if value is None:
            self.fail(part, f"returned None, expected an array of shape {shape}", "return is missing")
        if not isinstance(value, np.ndarray | np.generic):
            self.fail(part, f"returned {type(value).__name__}, expected an array of shape {shape}")
        if value.shape != shape:
            cause = (
                "a sum or mean over the wrong axis, or a missing keepdims" if value.ndim else "reduced over all axes"
            )
            self.fail(part, f"computed shape {value.shape}, expected shape {shape}", cause)
        if dtype is not None and value.dtype != dtype:
            cause = "a float64 constant, array or generator meets the float32 data; use the dtype of the data"
            self.fail(part, f"computed {value.dtype}, expected {np.dtype(dtype)}: {np.dtype(dtype)} must stay", cause)
        return np.asarray(value)

    def finite(self, part: str, values: Any, cause: str = "") -> None:
        """Fail unless all `values` are finite."""
        values = np.asarray(values)
        wrong = values[~np.isfinite(values)]
        if wrong.size:
            self.fail(part, f"computed {wrong[0]}, expected finite values", cause)

    def same(
        self,
        part: str,
        computed: Any,
        expected: Any,
        *,
        rtol: float = 1e-9,
        atol: float | None = None,
        cause: str = "",
        factors: Mapping[str, float] | None = None,
        alternatives: Mapping[str, Array] | None = None,
    ) -> None:
        """Fail unless `computed` equals `expected` up to rounding; without a `cause`, guess it from the numbers."""
        computed, expected = np.asarray(computed), np.asarray(expected)
        if computed.shape != expected.shape:
            self.fail(part, f"computed shape {computed.shape}, expected {expected.shape}", cause or "wrong axis")
        if atol is None:
            finite = np.abs(expected[np.isfinite(expected)]) if expected.dtype.kind == "f" else np.abs(expected)
            atol = rtol * float(finite.max(initial=0.0))
        if np.allclose(computed, expected, rtol=rtol, atol=atol, equal_nan=True):
            return
        i = _worst(computed, expected)
        cause = cause or likeliest(np.asarray(computed, float), np.asarray(expected, float), factors, alternatives)
        entry = f"entry {list(i)}: " if i else ""
        self.fail(part, f"{entry}computed {computed[i]:.10g}, expected {expected[i]:.10g}", cause)

    def gradient(
        self,
        part: str,
        computed: Array,
        expected: Slopes,
        *,
        factors: Mapping[str, float] | None = None,
        alternatives: Mapping[str, Array] | None = None,
        cause: str = "",
    ) -> int:
        """Fail unless `computed` holds the `expected` derivatives; return how many of them could be compared."""
        where = [i for i, smooth in zip(expected.where, expected.smooth, strict=True) if smooth]
        values = expected.values[expected.smooth]
        entries = np.array([computed[i] for i in where])
        wrong = ~np.isclose(entries, values, rtol=RTOL, atol=expected.atol)
        if wrong.any():
            k = int(np.argmax(np.where(wrong, np.nan_to_num(np.abs(entries - values), nan=np.inf), -1)))
            others = {fault: np.array([a[i] for i in where]) for fault, a in (alternatives or {}).items()}
            if not cause and len(where) == computed.size and not isinstance(where[0], int):
                cause = likeliest(computed, values.reshape(computed.shape), factors, alternatives)
            elif not cause:
                cause = likeliest(entries, values, factors, others)
            problem = f"entry {list(where[k])}: computed {entries[k]:.10g}, expected {values[k]:.10g}"
            self.fail(part, f"{problem} by central differences", cause)
        return len(where)

    def require_smooth(self, part: str, compared: int, wanted: int, question: str = "") -> None:
        """Fail if fewer than half of the derivatives wanted could be compared."""
        problem = "has a kink or a jump almost everywhere" + (f": {question}" if question else "")
        self.require(2 * compared >= wanted, part, problem, "the inputs lie on kinks (see kinks= and inputs=)")


def _name(component: Any) -> str:
    try:
        text = repr(component)
    except Exception:  # a broken repr has a check of its own
        text = type(component).__name__
    return text if len(text) <= 120 else text[:117] + "..."


def _worst(computed: Array, expected: Array) -> tuple[int, ...]:
    off = np.nan_to_num(np.abs(np.asarray(computed, float) - np.asarray(expected, float)), nan=np.inf)
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(off)), off.shape))


def _global_random_state() -> tuple[Any, ...]:
    name, key, *rest = np.random.get_state()  # noqa: NPY002 - it is compared, not drawn from
    return name, np.asarray(key).tobytes(), *rest, random.getstate()


def _reason(error: Exception) -> str:
    text = str(error)
    if " expects inputs of shape " in text:
        return "this layer does not accept that input_shape"
    if "read-only" in text:
        return "it writes to an array that came in; make a new one"
    if "'rng'" in text:
        return "ctx.rng exists in training only: check ctx.training"
    if "'out'" in text or "sample_weight" in text or "positional argument" in text:
        return "the signature differs from the base class"
    if isinstance(error, NotImplementedError):
        return "a method that the base class requires is missing"
    if "used as indices must be of integer" in text:
        return "indices arrive as floats: use x.astype(int)"
    if "contiguous" in text or "incompatible shape" in text:
        return "it assumes that the input is contiguous"
    if isinstance(error, ZeroDivisionError) or "divide by zero" in text:
        return "a division by zero: a step count that is off by one, or an empty sum"
    if (found := re.search(r"from shape \(([\d, ]+)\) into shape \(([\d, ]+)\)", text)) is not None:
        source, target = (tuple(map(int, shape.replace(" ", "").split(","))) for shape in found.groups())
        if source != target and source == target[::-1]:
            return "transposed: assign .T of it (W has shape (units, inputs))"
    if isinstance(error, ValueError) and ("broadcast" in text or "shape" in text or "mismatch" in text):
        return "a sum over the wrong axis, or a shape that is right for one batch size only"
    return "see the error above"
