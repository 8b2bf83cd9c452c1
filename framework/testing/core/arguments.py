"""The arguments of a component: the constructor must keep them, and they must survive in copies and files."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any

import numpy as np

from framework.activations import Activation
from framework.core.component import Component, named_component
from framework.core.constructors import accepted_arguments, constructor_arguments
from framework.layers.base import Layer
from framework.losses import Loss
from framework.model import Model
from framework.optimizers import Optimizer
from framework.saving.config import encode, from_config, to_config
from framework.testing.core.equality import attributes_of, same
from framework.testing.core.report import Subject, plain
from framework.testing.core.variants import other_values, with_argument

DEFAULTS = (bool, int, float, str, list, tuple, dict, np.ndarray, np.number, Component)


def check_arguments(subject: Subject) -> None:
    """Check that arguments survive get_params, set_params, clone, copy, pickle, config and repr."""
    component = subject.component
    params = subject.call("get_params", lambda: component.get_params(deep=False))
    _check_kept(subject, params)
    clone = subject.call("clone", component.clone)
    _check_survival(subject, "clone", clone, "the constructor does not keep the argument as it was given")
    reset = subject.call("set_params", lambda: component.clone().set_params(**params))
    _check_survival(subject, "set_params", reset, "set_params changes it")
    _check_survival(subject, "copy.copy", subject.call("copy.copy", lambda: copy.copy(component)))
    if all(_works(copy.deepcopy, value) for value in params.values()):
        _check_survival(subject, "copy.deepcopy", subject.call("copy.deepcopy", lambda: copy.deepcopy(component)))
    if all(map(can_be_pickled, (type(component), *params.values()))):
        _check_survival(subject, "pickle", subject.call("pickle", lambda: pickle.loads(pickle.dumps(component))))
    if not any(_no_source(value) for value in _values(component)):
        if _can_be_read(type(component)):
            _check_repr(subject)
        _check_config(subject)
    _check_derived(subject, params)


def check_common(subject: Subject) -> None:
    """Check that a constructor takes the arguments that all of its family have.

    One that specializes another class, as in ``super().__init__(rate, momentum=0.9)``, may leave some out on purpose.
    """
    cls = type(subject.component)
    base = next(each for each in (Layer, Loss, Optimizer) if issubclass(cls, each))
    owner = next(each for each in cls.__mro__ if "__init__" in vars(each))
    kinds = [each.kind for each in inspect.signature(cls.__init__).parameters.values()]
    if base not in owner.__bases__ or inspect.Parameter.VAR_KEYWORD in kinds:
        return
    missing = [name for name in accepted_arguments(base) if name not in {*accepted_arguments(cls), "learning_rate"}]
    if missing:
        problem = f"argument {missing[0]!r} is missing, which every {base.__name__.lower()} has"
        cause = "the constructor must end in **common and call super().__init__(**common)"
        subject.fail("the constructor", problem, cause)


def can_be_pickled(value: Any) -> bool:
    """Return whether `value` can be pickled: a class that can be imported, and no lambda."""
    return _works(pickle.dumps, value)


def _works(function: Callable[[Any], Any], value: Any) -> bool:
    try:
        function(value)
    except Exception:
        return False
    return True


def _check_kept(subject: Subject, params: dict[str, Any]) -> None:
    """Check that the constructor keeps its defaults and other values of its arguments, inherited ones among them."""
    cls = type(subject.component)
    own = inspect.signature(cls.__init__).parameters
    _check_defaults(subject, params, own)
    for name, value in params.items():
        given = value
        if type(value) is int and name in own and type(own[name].default) is float:
            given = float(value)  # and so fractions are tried, which int() would cut off
        more = [type(given)(0), -given] if type(given) in (int, float) and given else []
        for other in (*other_values(name, given), *more):
            with np.errstate(all="ignore"):  # what a constructor works out may be infinite for 0
                made = with_argument(subject.component, name, other)
            if made is None:
                continue
            for argument, expected in {**params, name: other}.items():
                _check_one(subject, argument, expected, made.get_params(deep=False)[argument], own)


def _check_defaults(subject: Subject, params: dict[str, Any], own: Mapping[str, inspect.Parameter]) -> None:
    """Check that arguments that are not given have the values of the signature."""
    required = {name for name, each in own.items() if each.default is each.empty}
    try:
        made = type(subject.component)(**{name: value for name, value in params.items() if name in required})
    except Exception:  # a default that it cannot have
        return
    kept = made.get_params(deep=False)
    for name in params:
        if name in own and isinstance(own[name].default, DEFAULTS):
            _check_one(subject, name, own[name].default, kept[name], own)


def _check_one(subject: Subject, name: str, expected: Any, kept: Any, own: Mapping[str, inspect.Parameter]) -> None:
    if not _as_given(expected, kept):
        problem = f"argument {name!r} was {plain(expected)} and came back as {plain(kept)}"
        subject.fail("the constructor", problem, _why_not_kept(name, expected, kept, own))


def _as_given(expected: Any, kept: Any) -> bool:
    """Return whether an argument was kept; another type of number does no harm."""
    numbers = all(isinstance(value, int | float | np.number | np.bool_) for value in (expected, kept))
    return same(expected, kept) or (numbers and bool(expected == kept))


def _why_not_kept(name: str, expected: Any, kept: Any, own: Mapping[str, inspect.Parameter]) -> str:
    if name not in own:
        rest = next((each.name for each in own.values() if each.kind is inspect.Parameter.VAR_KEYWORD), "common")
        return f"**{rest} is dropped: pass it on, super().__init__(..., **{rest})"
    cause = "the constructor does not keep the argument as it was given: write "
    if isinstance(expected, str) and isinstance(kept, Component):
        return f"{cause}self.{name} = {name}, and replace {plain(expected)} where it is used"
    return f"{cause}self.{name} = {name}, or pass it on to super().__init__"


def _check_survival(subject: Subject, part: str, other: Any, cause: str = "") -> None:
    subject.require(type(other) is type(subject.component), part, f"gave a {type(other).__name__}")
    params = subject.component.get_params(deep=False)
    for name, value in subject.call(part, lambda: other.get_params(deep=False)).items():
        if not _as_given(params[name], value):
            problem = f"argument {name!r} was {plain(params[name])} and came back as {plain(value)}"
            subject.fail(part, problem, cause)


def _check_repr(subject: Subject) -> None:
    scope: dict[str, Any] = {cls.__name__: cls for cls in _all_subclasses(Component)}
    scope |= {type(value).__name__: type(value) for value in _values(subject.component)}
    scope |= {type(subject.component).__name__: type(subject.component)}
    scope |= {"array": np.array, "dtype": np.dtype, "nan": float("nan"), "inf": float("inf")}
    text = subject.call("repr", lambda: repr(subject.component))
    other = subject.call(f"eval of the repr {text}", lambda: eval(text, scope))
    _check_survival(subject, "repr", other, "repr shows another value than was given")


def _check_config(subject: Subject) -> None:
    classes = tuple({type(value) for value in _values(subject.component) if isinstance(value, Component)})
    data = subject.call("to_config", lambda: to_config(subject.component))
    other = subject.call("from_config", lambda: from_config(data, classes=classes))
    _check_survival(subject, "config", other)


def _check_derived(subject: Subject, params: dict[str, Any]) -> None:
    """Fail if what is worked out in the constructor, or once and then kept, goes stale when an argument is set.

    A model may make its layers of its arguments; a copy of it has them anew.
    """
    component = subject.component
    made = constructor_arguments(Model) if isinstance(component, Model) else ()
    for name, value in params.items():
        for other in _changed(name, value):
            built, again = (with_argument(component, name, other) for _ in range(2))
            if built is None or again is None:
                continue
            changed = component.clone()
            _worked_out(changed)
            try:
                changed.set_params(**{name: other})
            except (TypeError, ValueError):
                continue
            fresh, twin, stale = (_worked_out(each) for each in (built, again, changed))
            for key, right in fresh.items():
                old = stale.get(key)
                if key in params or key in made or same(right, old) or not _follows(right, twin.get(key), old):
                    continue
                cause = f"self.{key} is worked out in the constructor and goes stale: work it out where it is used"
                if key.endswith("()") or isinstance(getattr(type(component), key, None), cached_property):
                    cause = (
                        f"self.{key} is worked out once and goes stale: leave out the cache, or give it the arguments"
                    )
                if isinstance(right, np.random.Generator):
                    cause = (
                        f"self.{key} is random state that all calls share: draw from a Generator that is given, or "
                        f"make one in each call, default_rng((self.{name}, self.step))"
                    )
                subject.fail("set_params", f"after set_params({name}={plain(other)}) self.{key} is still old", cause)
            break


def _follows(right: Any, again: Any, old: Any) -> bool:
    """Return whether an attribute follows from the arguments, and not from a clock or a count of instances.

    Of random arrays, the shape does.
    """
    if all(isinstance(each, np.ndarray) for each in (right, again, old)):
        return same(right, again) or right.shape == again.shape != old.shape
    return same(right, again)


def _changed(name: str, value: Any) -> Iterator[Any]:
    """Yield other values of an argument, from which the constructor may work something out."""
    if isinstance(value, float):
        yield from (value / 2, 0.25, 1)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield from (value + 1, 0.25, 1)
    elif isinstance(value, np.ndarray) and value.dtype.kind == "f":
        yield value / 2
    elif type(value) in (list, tuple) and value and all(type(item) in (int, float) for item in value):
        yield from (type(value)(item / 2 for item in value), type(value)(item + 1 for item in value))
    elif isinstance(value, str) and isinstance(named := _named(name, value), Activation):
        yield "tanh" if named.component_name != "tanh" else "sigmoid"


def _named(name: str, value: str) -> Any:
    try:
        return named_component(name, value)
    except ValueError:  # a word for something else
        return None


def _worked_out(component: Component) -> dict[str, Any]:
    """Return the attributes of a component, and the results of its methods that are worked out once and kept."""
    found = {}
    for cls in type(component).__mro__:
        for name, value in vars(cls).items():
            with suppress(Exception):  # it may need more than the arguments
                if isinstance(value, cached_property):
                    getattr(component, name)
                elif hasattr(value, "cache_info"):
                    found[f"{name}()"] = getattr(component, name)()
    return found | attributes_of(component)


def _values(value: Any) -> Iterator[Any]:
    """Yield an argument and everything in it."""
    yield value
    if isinstance(value, Component):
        value = value.get_params(deep=False)
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _values(item)


def _no_source(value: Any) -> bool:
    """Return whether `value` has no expression that a repr could show, or no file can hold it, such as an enum."""
    if isinstance(value, Component):
        return False
    if isinstance(value, list | tuple | dict):  # what is in it is asked itself
        return type(value) not in (list, tuple, dict)
    if isinstance(value, np.ndarray) and (type(value) is not np.ndarray or not 0 < value.size <= 64):
        return True
    return callable(value) or not _works(encode, value)


def _can_be_read(cls: type[Any]) -> bool:
    """Return whether it can be known which arguments the constructor passes on by itself: they are not in a repr."""
    constructor: Any = cls.__init__
    if all(each.kind is not each.VAR_KEYWORD for each in inspect.signature(constructor).parameters.values()):
        return True
    try:
        return bool(inspect.getsource(constructor))
    except (OSError, TypeError):
        return False


def _all_subclasses(cls: type[Any]) -> Iterator[type[Any]]:
    for child in cls.__subclasses__():
        yield child
        yield from _all_subclasses(child)
