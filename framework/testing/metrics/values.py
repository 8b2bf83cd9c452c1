"""Values at which metrics go wrong: pairs of all samples, empty classes, targets of 0, large numbers in float32."""

from __future__ import annotations

import warnings

import numpy as np

from framework.core.built_in import is_built_in
from framework.core.types import Array
from framework.metrics.base import Metric
from framework.testing.core.arrays import narrowed
from framework.testing.core.reasons import on_purpose
from framework.testing.core.report import Subject
from framework.testing.metrics.reasons import Definition, of_definition
from framework.testing.metrics.samples import Inputs, degenerate, is_binary, is_labels, one_class, perfect

FAR = 1e4
LOST_AXIS = ("dimension", "unsized", "0-d", "scalar variable", "not iterable")  # what NumPy says of too few axes
SQUARE = "(n,) against (n, 1) broadcasts to (n, n), and all pairs of samples are compared: give both one shape"


def check_definition(
    subject: Subject, metric: Metric, kind: Inputs, definition: Definition, n: int, atol: float
) -> None:
    """Check that a metric computes what it should, on several draws; their differences tell the cause."""
    draws = [kind(np.random.default_rng(seed), n) for seed in range(3)]
    computed, expected = (np.array([f(y, p) for y, p in draws], float) for f in (metric, definition))
    part, cause = "value, which differs from the definition", ""
    for i, value in enumerate(computed):
        atol_here = atol + 1e-9 * np.abs(expected[i]).max()
        if not np.allclose(value, expected[i], rtol=1e-9, atol=atol_here):
            cause = of_definition(metric, definition, draws, computed, expected)
        subject.same(part, value, expected[i], atol=atol_here, cause=cause)


def check_pairs(subject: Subject, metric: Metric, y: Array, p: Array, ordered: bool) -> None:
    """Check that one output is compared sample by sample, and not every target with every prediction.

    A metric of the distributions, such as a mean error, does not depend on which prediction belongs to which target,
    either; but a perfect prediction is not worse for it than a constant one, and it is not a mean over pairs.
    """
    if y.shape != p.shape or p.shape[1:] != (1,) or _depends_on_pairs(metric, y, p):
        return
    with np.errstate(all="ignore"):
        best, constant = (metric(y, q) for q in (y.copy(), np.full_like(p, y.mean())))
    worse = constant > best + 1e-9 if metric.greater_is_better else constant < best - 1e-9
    if (ordered and worse) or _is_of_all_pairs(metric, y[:8], y[:8].copy()):
        problem = "the value stays the same if predictions are exchanged between the samples"
        subject.fail("value for one output", problem, SQUARE)


def _is_of_all_pairs(metric: Metric, y: Array, p: Array) -> bool:
    """Return whether the value is a mean over all pairs of a target and a prediction, and not over the samples."""
    n = len(p)
    try:
        with np.errstate(all="ignore"):
            value = np.array(metric(y, p), float)
            pairs = np.array([[metric(y[[i]], p[[j]]) for j in range(n)] for i in range(n)], float)
    except Exception:  # it does not accept one sample
        return False
    return any(
        bool(np.isclose(value**power, (pairs**power).mean()))
        and not np.isclose(value**power, (np.diag(pairs) ** power).mean())
        for power in (1, 2)
    )


def _depends_on_pairs(metric: Metric, y: Array, p: Array) -> bool:
    """Return whether it matters which prediction belongs to which target, be they as given or perfect."""
    order = np.random.default_rng(7).permutation(len(p))
    for q in (p, y.reshape(p.shape)):
        try:
            with np.errstate(all="ignore"):
                one, other = np.array([metric(y, q), metric(y, q[order])], float)
        except Exception:  # it does not accept these shapes, or such predictions
            return False
        if np.ndim(one):
            return False
        if abs(one - other) > 1e-9 * (1 + abs(one)):
            return True
    return False


def check_degenerate(subject: Subject, metric: Metric, y: Array, p: Array) -> None:
    """Check that no count or target of 0 is divided by; NaN is a fine value, if it is meant."""
    cases = degenerate(y, p)
    if is_binary(y, p) and _counts(metric, y, p):
        cases |= one_class(y, p)
    for lack, (targets, predictions) in cases.items():
        with warnings.catch_warnings(record=True) as caught, np.errstate(all="warn", under="ignore"):
            warnings.simplefilter("always")
            try:
                value = np.asarray(metric(targets.copy(), predictions.copy()), float)
            except ZeroDivisionError:
                caught.append(warnings.WarningMessage("", RuntimeWarning, "", 0))
                value = np.array(np.nan)
            except Exception as error:
                if isinstance(error, ValueError) and "broadcast" not in str(error):
                    continue  # refused
                problem = f"raised {type(error).__name__}: {error}, where {lack}"
                cause = "the classes are counted from the data: take y_pred.shape[1] of them, whether they occur or not"
                subject.fail("value", problem, cause)
        if not np.isfinite(value).all() and any(issubclass(each.category, RuntimeWarning) for each in caught):
            cause = f"a division by 0 where {lack}: say what holds there, such as 0 (or float('nan'), outright)"
            subject.fail("value", f"computed {value.flat[0]}, expected a number, where {lack}", cause)


def _counts(metric: Metric, y: Array, p: Array) -> bool:
    """Return whether only the side of 0.5 on which predictions lie counts, and not their order, as for an area."""
    rng, value = np.random.default_rng(8), metric(y, p)
    others = [np.where(p > 0.5, 0.5, 0) + rng.uniform(0.01, 0.49, p.shape) for _ in range(5)]
    return all(bool(np.isclose(metric(y, other), value, rtol=1e-12)) for other in others)


def check_precision(subject: Subject, metric: Metric, y: Array, p: Array, floor: float) -> None:
    """Check float32, also far from 0 if only differences count."""
    small = narrowed(y), p.astype(np.float32)
    whole = [x.astype(np.float64) if x.dtype.kind == "f" else x for x in small]
    expected = np.array(metric(*whole), float)
    atol = 1e-4 * np.abs(expected).max() + 1e-6 * floor
    cause = "computed less exactly than float32 is: sum in float64"
    subject.same("value in float32", metric(*small), expected, rtol=1e-4, atol=atol, cause=cause)
    if y.dtype.kind != "f" or y.shape != p.shape or np.isin(y, (-1, 0, 1)).all():
        return
    try:
        moved = np.array(metric(y + 0.5, p + 0.5), float)
    except Exception:  # targets or predictions that it refuses
        return
    if not np.allclose(moved, metric(y, p), rtol=1e-9, atol=1e-12 * floor):
        return
    small = (y + FAR).astype(np.float32), (p + FAR).astype(np.float32)
    expected = np.array(metric(*(x.astype(np.float64) for x in small)), float)
    atol = 1e-2 * np.abs(expected).max() + 1e-5 * FAR
    cause = "sums of squares, or of large numbers, in float32 lose the difference: subtract first, or sum in float64"
    subject.same(f"value in float32, near {FAR:g}", metric(*small), expected, rtol=1e-2, atol=atol, cause=cause)


def check_perfect(subject: Subject, metric: Metric, y: Array, p: Array, value: Array) -> None:
    """Check that a perfect prediction is at least as good as others; a signed error has no best value but 0."""
    target, alike = perfect(y, p), y.shape == p.shape
    try:
        best = float(metric(y, target))
    except ValueError as error:
        if on_purpose(error):  # predictions of 0, say, where there are targets of 0
            return
        raise
    others = {"another": float(value)}
    if alike:
        off = np.abs(p - y) + 0.01
        above, below = _of(metric, y, y + off), _of(metric, y, y - off)
        if _is_signed(metric, above - best, below - best):
            return
        if not np.isin(y, (-1, 0, 1)).all():
            others |= {"one above all targets": above, "one below all targets": below}
    others["a constant one"] = constant = _of(metric, y, np.full_like(p, y.mean()) if alike else 0 * p + target.mean(0))
    saturated = best in (0, 1)  # as with a wide tolerance
    if alike and not saturated and best == float(value) == constant == _of(metric, y, y.max() + y.min() - y):
        cause = "it does not read the predictions, or a threshold lies where none of them is"
        subject.fail("value", f"computed {best:.6g} for a perfect prediction and for every other", cause)
    for which, other in others.items():
        if other > best + 1e-9 if metric.greater_is_better else other < best - 1e-9:
            of = f"for targets {y.shape} and predictions {p.shape}"
            problem = f"computed {best:.6g} for a perfect prediction, {other:.6g} for {which}, {of}"
            cause = "greater_is_better or the sign is wrong (else give perfect=False)"
            if y.ndim != p.ndim:
                cause = "greater_is_better or the sign is wrong, or it is not made for labels (n,): then give inputs="
            subject.fail("perfect prediction", problem, cause)


def _is_signed(metric: Metric, above: float, below: float) -> bool:
    """Return whether values for predictions above and below the targets lie on different sides of the best one.

    An error of unlike size to both sides, of which less (or more) is declared to be better, should not have a sign.
    """
    less, more = sorted((abs(above), abs(below)))
    declared = any("greater_is_better" in vars(cls) for cls in type(metric).__mro__ if not is_built_in(cls))
    return above * below < -1e-12 and not (declared and 2 * less < more)


def _of(metric: Metric, y: Array, p: Array) -> float:
    """Return the value for predictions that the metric may refuse; then NaN."""
    try:
        with np.errstate(all="ignore"):
            return float(metric(y, p))
    except (ValueError, IndexError, FloatingPointError, ZeroDivisionError):
        return float("nan")


def check_whole(subject: Subject, metric: Metric, y: Array, p: Array, value: Array, atol: float) -> None:
    """Check that targets that are integers give the same value as floats."""
    if y.dtype.kind not in "iu" or y.shape != p.shape:
        return
    part, expected = "value for targets that are integers", metric(y.astype(float), p)
    cause = "predictions are cut to integers, the dtype of the targets: compute in that of the predictions"
    subject.same(part, value, expected, atol=atol, cause=cause)


def check_one_sample(subject: Subject, metric: Metric, y: Array, p: Array) -> None:
    """Check that the arrays of one sample keep their axes; that one is too few, a metric may find in any way."""
    try:
        with np.errstate(all="ignore"):
            metric(y[:1].copy(), p[:1].copy())
    except (TypeError, IndexError, ValueError) as error:
        if any(words in str(error) for words in LOST_AXIS) and not on_purpose(error):
            problem = f"raised {type(error).__name__}: {error}"
            subject.fail("value for one sample", problem, "squeeze, or [0], takes away the axis of the samples")


def check_mistakes(subject: Subject, metric: Metric, y: Array, p: Array) -> None:
    """Check that it is not the first right sample of each class that counts, as if argmax went along the samples."""
    if not is_labels(y, p):
        return
    target = perfect(y, p)
    first = np.isin(np.arange(len(y)), np.unique(target.argmax(axis=1), return_index=True)[1])
    order = np.argsort(~first, kind="stable")
    y, target, first = y[order], target[order], first[order]
    wrong = np.roll(target, 1, axis=1)
    most = np.where(first[:, None], target, wrong)
    best = _of(metric, y, target)
    if _of(metric, y, wrong) != best == _of(metric, y, most) == _of(metric, y[:1], wrong[:1]):
        problem = f"computed {best:.6g} if all samples are right, and if {(~first).sum()} of {len(y)} are wrong"
        subject.fail("value", problem, "the largest of each column, axis=0, where that of each row, axis=1, belongs")
