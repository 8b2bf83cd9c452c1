"""A component under check: call it, compare what it computes, and report what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any, NoReturn, ParamSpec

import numpy as np

from framework.core.component import Component
from framework.core.types import Array
from framework.testing.core.causes import likeliest
from framework.testing.core.draws import noticing_draws, watched_state
from framework.testing.core.numeric import RTOL, Slopes, close, worst
from framework.testing.core.reasons import REDUCED, of_dtype, of_error, of_shape, watched

P = ParamSpec("P")

NUMPY_NUMBER = re.compile(r"np\.(?:(?:float|int|uint|complex|longdouble|bool|str)\w*\(([^()]*)\)|(True|False)_)")
UNMOVED = (
    "what is computed does not change with it: it is rounded or compared, or a copy made before is used in its place"
)
STEPS = "the inputs lie on kinks (see kinks= and inputs=), or values go in steps: a cast to float32, np.round, integers"
BATCHES = ("x", "z", "grad", "y_true", "y_pred")  # the inputs whose first axis counts samples


def reporting(check: Callable[P, None]) -> Callable[P, None]:
    """Make a check turn every exception into an AssertionError that names its first argument, the component."""

    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            check(*args, **kwargs)
        except Exception as error:
            if _is_message(error):
                raise
            who = args[0] if args else check.__name__
            raise AssertionError(_message(_name(who), _raised(error), of_error(error))) from error

    @wraps(check)
    def reported(*args: P.args, **kwargs: P.kwargs) -> None:
        noticing_draws(lambda: run(*args, **kwargs))

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
        self._last: Callable[[], Any] = lambda: None

    def fail(self, part: str, problem: str, cause: str = "") -> NoReturn:
        """Raise AssertionError: which component, which part, what is wrong, the likeliest cause."""
        raise AssertionError(self.message(part, problem, cause))

    def message(self, part: str, problem: str, cause: str) -> str:
        """Return what `fail` says."""
        return _message(self.name, f"{part}: {problem}", cause)

    def require(self, fine: Any, part: str, problem: str, cause: str = "") -> None:
        """Fail unless `fine`."""
        if not fine:
            self.fail(part, problem, cause)

    def call(self, part: str, function: Callable[..., Any], /, *args: Any, **inputs: Array) -> Any:
        """Return ``function(*args)``; fail if it changes the global random state or writes to one of `inputs`."""
        before = {name: array.copy() for name, array in inputs.items()}
        state = watched_state()
        self._last = partial(function, *args)
        try:
            result = function(*args)
        except Exception as error:
            if _is_message(error):
                raise
            cause = ("with a batch of one: " if _is_one(inputs) else "") + of_error(error, part)
            raise AssertionError(self.message(part, _raised(error), cause)) from error
        if watched_state() != state:
            cause = "it draws from np.random or random: use the Generator that it is given (rng, ctx.rng)"
            self.fail(part, "the global random state was changed", cause)
        for name, array in inputs.items():
            if array.tobytes() != before[name].tobytes():  # a tenth of the time of np.array_equal, and NaN is NaN
                i = worst(array, before[name])
                at = f"entry {list(i)} was" if i else "it was"
                problem = f"writes to {name}: {at} {plain(before[name][i])} and is now {plain(array[i])}"
                self.fail(part, problem, _of_writing(name))
        return result

    def compute(
        self, part: str, function: Callable[[], Any], shape: tuple[int, ...], dtype: Any = np.float64, **inputs: Array
    ) -> Array:
        """Return a copy of the array that `function` computes; fail as `call` and `array` do."""
        value = self.call(part, function, **inputs)
        self.shape(part, value, shape, one=_is_one(inputs))
        return self.array(part, value, shape, dtype).copy()

    def array(self, part: str, value: Any, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """Return `value`; fail unless it is an array of this shape and dtype."""
        self.shape(part, value, shape)
        if dtype is not None and value.dtype != dtype:
            problem = f"computed {value.dtype}, expected {np.dtype(dtype)}: {np.dtype(dtype)} must stay"
            self.fail(part, problem, of_dtype(value.dtype, dtype))
        return np.asarray(value)

    def shape(self, part: str, value: Any, shape: tuple[int, ...], one: bool = False) -> None:
        """Fail unless `value` is an array of this shape; say so if it is that of a batch of `one`."""
        among = "with a batch of one: " if one else ""
        if value is None:
            self.fail(part, f"returned None, expected an array of shape {shape}", "return is missing")
        if not isinstance(value, np.ndarray | np.generic):
            number = isinstance(value, bool | int | float)
            cause = REDUCED if number else "make an array of it, in the dtype of the data"
            self.fail(part, f"returned {type(value).__name__}, expected an array of shape {shape}", among + cause)
        if value.shape != shape:
            problem = f"computed shape {value.shape}, expected shape {shape}"
            self.fail(part, problem, among + of_shape(value.shape, shape))

    def finite(self, part: str, values: Any, cause: str = "") -> None:
        """Fail unless all `values` are finite; if an operation of the last call made them so, it is the cause."""
        values = np.asarray(values)
        wrong = values[~np.isfinite(values)]
        if wrong.size:
            self.fail(part, f"computed {wrong[0]}, expected finite values", self._operation() or cause)

    def finite_at(self, part: str, function: Callable[[], Any], cause: str = "") -> Any:
        """Return what `function` computes; fail as `finite` does."""
        self._last = function
        with np.errstate(all="ignore"):
            value = function()
        self.finite(part, value, cause)
        return value

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
            reason = cause or (of_shape(computed.shape, expected.shape) if expected.ndim else "wrong axis")
            self.fail(part, f"computed shape {computed.shape}, expected {expected.shape}", reason)
        if atol is None:
            finite = np.abs(expected[np.isfinite(expected)]) if expected.dtype.kind == "f" else np.abs(expected)
            atol = rtol * float(finite.max(initial=0.0))
        if close(computed, expected, rtol, atol):
            return
        i = worst(computed, expected)
        if not np.isfinite(computed).all() and np.isfinite(expected).all():
            cause = cause or self._operation()
        cause = cause or self._likeliest(computed, expected, factors, alternatives)
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
            if not cause and not values.any():
                cause = UNMOVED
            elif not cause and len(where) == computed.size and not isinstance(where[0], int):
                cause = self._likeliest(computed, values.reshape(computed.shape), factors, alternatives)
            elif not cause:
                cause = self._likeliest(entries, values, factors, others)
            problem = f"entry {list(where[k])}: computed {entries[k]:.10g}, expected {values[k] + 0.0:.10g}"
            self.fail(part, f"{problem} by central differences", cause)
        return len(where)

    def require_smooth(self, part: str, compared: int, wanted: int, question: str = "") -> None:
        """Fail if fewer than half of the derivatives wanted could be compared."""
        problem = "has a kink or a jump almost everywhere" + (f": {question}" if question else "")
        self.require(2 * compared >= wanted, part, problem, STEPS)

    def _operation(self) -> str:
        """Return which operation in the last call gives no finite number, or "": it is made again to see that."""
        try:
            return watched(self._last)[1]
        except Exception:  # it cannot be made twice
            return ""

    def _likeliest(
        self,
        computed: Array,
        expected: Array,
        factors: Mapping[str, float] | None,
        alternatives: Mapping[str, Array] | None,
    ) -> str:
        numbers = np.asarray(computed, float), np.asarray(expected, float)
        return likeliest(*numbers, factors, alternatives, self.numbers())

    def numbers(self) -> dict[str, float]:
        """Return the numbers among the component's arguments."""
        try:
            params = self.component.get_params(deep=False)
        except Exception:  # broken arguments have a check of their own
            return {}
        numbers = {name: value for name, value in params.items() if isinstance(value, int | float)}
        return {name: float(n) for name, n in numbers.items() if not isinstance(n, bool) and name != "seed"}


def plain(value: Any) -> str:
    """Return a value as messages show it: a number without its type, the beginning of what is long."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        text = np.array2string(value, precision=4, threshold=6, separator=", ").replace("\n", "")
        return text if value.size <= 6 else f"an array {value.shape}"
    text = _untyped(repr(value))
    return text if len(text) <= 60 else f"{text[:57]}..."


def _untyped(text: str) -> str:
    """Return `text` with NumPy's numbers as Python shows its own: 0.5 for np.float64(0.5)."""
    return NUMPY_NUMBER.sub(lambda found: found[1] or found[2] or "", text)


def _message(name: str, problem: str, cause: str) -> str:
    return _untyped(f"{name}\n    {problem}" + (f"\n    likeliest cause: {cause}" if cause else ""))


def _is_message(error: Exception) -> bool:
    """Return whether an exception is what a check says, and not an ``assert`` of the component."""
    return isinstance(error, AssertionError) and str(error).partition("\n")[2].startswith("    ")


def _raised(error: Exception) -> str:
    first, *_ = str(error).strip().split("\n")
    return f"raised {type(error).__name__}: {first}"


def _is_one(inputs: Mapping[str, Array]) -> bool:
    return any(len(array) == 1 for name, array in inputs.items() if name in BATCHES and array.ndim)


def _of_writing(name: str) -> str:
    if name.startswith("parameter "):
        return "the parameter is changed in place: make a new array of it; its gradient is all that changes it"
    return f"it writes to an array that came in: an operation in place, or out={name}; make a new array"


def _name(component: Any) -> str:
    try:
        text = repr(component)
    except Exception:  # a broken repr has a check of its own
        text = type(component).__name__
    return text if len(text) <= 120 else text[:117] + "..."
