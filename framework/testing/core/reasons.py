"""The likeliest cause of an exception, of a number that is not finite, and of a wrong shape or dtype."""

from __future__ import annotations

import dis
import re
import warnings
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from framework.core.types import Shape

NO_AXIS = "a sum or mean over the wrong axis, or a missing keepdims"
REFUSALS = (ValueError, TypeError, IndexError, AssertionError)
DIVIDES = ("cannot reshape array", "equal division")  # a size that blocks of some size do not fill
BROADCAST_INTO = re.compile(r"from shape \(([\d, ]+)\) into shape \(([\d, ]+)\)")
PRODUCT = "a matrix product of arrays whose inner sizes differ: a .T too many or too few (W has shape (units, inputs))"
TOGETHER = re.compile(r"operands could not be broadcast together with shapes \(([\d,]+)\) \(([\d,]+)\)")
REDUCED = "reduced over all axes: one number is returned for all of them"
ZERO_BY_ZERO = "0 / 0, such as a division by the norm, which is 0: divide by np.where(norm > 0, norm, 1)"

# What NumPy says of floating-point errors, in the order in which they explain a result: (words, cause).
FLOATING: tuple[tuple[tuple[str, ...], str], ...] = (
    (("overflow", " exp"), "exp overflows: it is not computed in a stable form"),
    (("overflow",), "a number grows beyond what its dtype holds: an overflow"),
    (("divide by zero", "log"), "a logarithm of 0: keep its argument above 0"),
    (("divide by zero",), "a division by zero"),
    (("invalid value", "log"), "a logarithm of a negative number"),
    (("invalid value", "sqrt"), "the square root of a negative number"),
    (("invalid value", "power"), "a power of a negative number whose exponent is a fraction"),
    (("invalid value", "divide"), ZERO_BY_ZERO),
    (("invalid value", "multiply"), "0 times infinity"),
    (("invalid value", "cast"), "NaN or infinity is turned into an integer"),
    (("invalid value",), "infinity minus infinity"),
    (("mean of empty",), "a mean over nothing"),
    (("degrees of freedom",), "a deviation with n - 1 of a single value"),
)

# What else Python and NumPy say.
ERRORS: tuple[tuple[tuple[str, ...], str], ...] = (
    ((" expects inputs of shape ",), "this layer does not accept that input_shape"),
    (("read-only",), "it writes to an array that came in: an operation in place, or out=; make a new array"),
    (("'rng'",), "ctx.rng exists in training only: check ctx.training"),
    (
        ("context' object has no attribute",),
        "it is not on ctx: not in parameters() or memory(), and not set in forward",
    ),
    (("has no setter",), "a property takes the place of the argument and cannot be set: keep it as an attribute"),
    (("must keep its argument",), "the constructor does not store it under the name of the argument"),
    (
        ("'numpy.ndarray' object has no attribute",),
        "an array takes the place of ctx: forward(self, ctx, x), backward(self, ctx, grad)",
    ),
    (("'nonetype' object has no attribute",), "None is used: what a call should return is missing"),
    (("object has no attribute",), "the constructor does not set it, or it is set only by another call"),
    (("unknown ", "did you mean"), "the name is misspelled"),
    (("'out'",), "the signature differs from the base class"),
    (("sample_weight",), "the signature differs from the base class"),
    (("positional-only",), "an argument in front of a / has no name: copies and files need one, so leave the / out"),
    (("positional argument",), "the signature differs from the base class"),
    (("unexpected keyword",), "the signature differs from the base class"),
    (("used as indices must be of integer",), "indices arrive as floats: use x.astype(int)"),
    (("contiguous",), "it assumes that the input is contiguous"),
    (("ncompatible shape",), "it assumes that the input is contiguous"),
    (("shapes of a and weights",), "a wrong axis: what is averaged is not one number for each sample"),
    (("truth value",), "an if on a whole array: choose element by element with np.where"),
    (("converted to python scalars",), "float() of an array: a sum or mean over all axes is missing"),
    (("out of bounds for array of dimension",), "it expects more axes than the array has"),
    (("tuple index out of range",), "it expects more axes than the array has"),
    (("not enough values to unpack",), "it expects more axes than the array has"),
    (("too many values to unpack",), "it expects fewer axes than the array has"),
    (("unsupported operand", "_falling"), "learning_rate may be a schedule: use self.rate, its value in this step"),
    (("pickle",), "an attribute that no pickle can hold: a lambda, an inner function, a lock or an open file"),
    (("cannot cast",), "a result of another dtype is written in place: make a new array in the dtype of the data"),
)


def of_error(error: BaseException, part: str = "") -> str:
    """Return the likeliest cause of an exception in a part of a check."""
    text = str(error)
    steps = part.startswith(("update", "step"))
    if isinstance(error, NotImplementedError):
        return "a method that the base class requires is missing"
    if isinstance(error, AssertionError):
        return "an assert of the component itself does not hold"
    if isinstance(error, ZeroDivisionError) or ("divide by zero" in text and "log" not in text):
        return "a division by zero" + (": a step count that is off by one" if steps else "")
    known = _said(text, FLOATING if isinstance(error, Warning | ArithmeticError) else ERRORS)
    if known:
        return known
    if (shapes := BROADCAST_INTO.search(text)) is not None:
        source, target = (tuple(re.findall(r"\d+", shape)) for shape in shapes.groups())
        if source != target and source == target[::-1]:
            return "transposed: assign .T of it (W has shape (units, inputs))"
    if isinstance(error, ValueError | TypeError) and on_purpose(error, ("numpy", "framework")):
        return "the component itself refuses this: tell what it is for, by input_shape=, shapes= or inputs="
    if "a batch of" not in part:  # and so for the first batch, too
        if "core dimension" in text or "not aligned" in text:
            return PRODUCT
        if (shapes := TOGETHER.search(text)) is not None:
            one, other = (re.findall(r"\d+", shape) for shape in shapes.groups())
            if one[:-1] == other or other[:-1] == one:
                return "keepdims=True is missing in a sum or mean over the last axis (or an index [..., None])"
    if isinstance(error, ValueError) and ("broadcast" in text or "shape" in text or "mismatch" in text):
        return "a sum over the wrong axis, or a shape that is right for one batch size only"
    return "see the error above"


def _said(text: str, table: tuple[tuple[tuple[str, ...], str], ...]) -> str:
    return next((cause for words, cause in table if all(word in text.lower() for word in words)), "")


def watched(function: Callable[[], Any]) -> tuple[Any, str]:
    """Return what `function` computes, and what the floating-point errors on the way to it explain, or ""."""
    with warnings.catch_warnings(record=True) as seen, np.errstate(all="warn", under="ignore"):
        warnings.simplefilter("always")
        result = function()
    said = [str(each.message).lower() for each in seen if issubclass(each.category, RuntimeWarning)]
    causes = (cause for words, cause in FLOATING if any(all(word in text for word in words) for text in said))
    return result, next(causes, "")


def on_purpose(error: BaseException, but: tuple[str, ...] = ("numpy",)) -> bool:
    """Return whether the last line of an exception is a ``raise`` outside of NumPy: a refusal, not an accident."""
    trace = error.__traceback__
    if trace is None:
        return False
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    raises = dis.opname[code.co_code[trace.tb_lasti]] == "RAISE_VARARGS"
    return raises and not str(trace.tb_frame.f_globals.get("__name__", "")).startswith(but)


def refuses(error: BaseException) -> bool:
    """Return whether an exception refuses a shape: by a ``raise`` or ``assert``, or as it cannot be cut into blocks."""
    return isinstance(error, REFUSALS) and (on_purpose(error) or any(words in str(error) for words in DIVIDES))


def of_shape(computed: Shape, expected: Shape) -> str:
    """Return the likeliest cause of a wrong shape."""
    if not computed:
        return REDUCED
    if expected[:1] == (1,) and computed == tuple(axis for axis in expected if axis != 1):
        return "the axis of length 1 is lost: np.squeeze, or an index, drops it"
    if computed == expected[::-1]:
        return "transposed: axes are exchanged"
    if len(expected) == 1 and computed == 2 * expected:
        return "a column (n, 1) meets a row (n,), which broadcasts to (n, n): reduce both over the same axes"
    if len(computed) == len(expected) and all(a in (1, b) for a, b in zip(computed, expected, strict=True)):
        return "a sum or mean with keepdims is not spread over its axis again: np.broadcast_to, or np.repeat"
    if len(computed) == len(expected) + 1 and computed[1:] == expected:
        return "an axis too many comes first: shapes without the batch axis are meant, or a list of arrays is stacked"
    if prod(computed) == prod(expected):
        return "the right number of entries in another shape: a reshape, ravel or squeeze"
    other = [(k, a, b) for k, (a, b) in enumerate(zip(computed, expected, strict=False)) if a != b]
    if len(computed) == len(expected) and other[0][0] > 0 and all(found > 1 for _, found, _ in other):
        axis, found, right = other[0]
        return f"axis {axis} has {found} entries in place of {right}: what is cut off or added there is not put back"
    return NO_AXIS


def of_dtype(computed: Any, expected: Any) -> str:
    """Return the likeliest cause of a wrong dtype."""
    computed, expected = np.dtype(computed), np.dtype(expected)
    remedy = "turn them into the dtype of the data, as in .astype(x.dtype)"
    if computed.kind == "b":
        return f"a comparison is returned, True and False: {remedy}"
    if computed.kind in "iu":
        return f"integers, as from astype(int), np.where(x > 0, 1, 0) or np.arange: {remedy}"
    if computed.kind == "c":
        return "complex numbers: take their real part"
    if computed.kind == "f" and computed.itemsize < expected.itemsize:
        return f"a {computed} array or a cast to {computed} narrows the data; use the dtype of the data"
    if computed.kind == "f":
        integers = ", or integers, as from np.where(x > 0, 3, 1) or np.arange" if computed.itemsize == 8 else ""
        meets = f"a {computed} constant, array or generator meets the {expected} data"
        return f"{meets}{integers}; use the dtype of the data"
    return "an array of Python objects: rows of unlike lengths, or None among them"
