"""The arguments of a component: the constructor must keep them, and they must survive in copies and files."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from framework.core.component import Component
from framework.core.constructors import constructor_arguments, made_from
from framework.model import Model
from framework.saving.config import from_config, to_config
from framework.testing.report import Subject, plain
from framework.testing.state import same
from framework.testing.variants import other_values, with_argument


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
    _check_survival(subject, "copy.deepcopy", subject.call("copy.deepcopy", lambda: copy.deepcopy(component)))
    if "<locals>" not in type(component).__qualname__:
        _check_survival(subject, "pickle", subject.call("pickle", lambda: pickle.loads(pickle.dumps(component))))
    if not any(_no_source(value) for value in _values(component)):
        _check_repr(subject)
        _check_config(subject)
    _check_derived(subject, params)


def _check_kept(subject: Subject, params: dict[str, Any]) -> None:
    """Check that the constructor keeps its defaults and other values of its arguments, inherited ones among them."""
    cls = type(subject.component)
    own = inspect.signature(cls.__init__).parameters
    _check_defaults(subject, params, own)
    for name, value in params.items():
        zero = [type(value)(0)] if type(value) in (int, float) and value else []
        for other in (*other_values(name, value), *zero):
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
    except Exception:  # a default that has to be replaced
        return
    kept = made.get_params(deep=False)
    for name in params:
        default = own[name].default if name in own else None
        kinds = str if isinstance(default, str) else (int, float, np.number)
        if isinstance(default, str | int | float) and isinstance(kept[name], kinds):
            _check_one(subject, name, default, kept[name], own)


def _check_one(subject: Subject, name: str, expected: Any, kept: Any, own: Mapping[str, inspect.Parameter]) -> None:
    if not same(kept, expected) and not (isinstance(expected, int | float) and kept == expected):
        problem = f"argument {name!r} was {plain(expected)} and came back as {plain(kept)}"
        subject.fail("the constructor", problem, _why_not_kept(name, own))


def _why_not_kept(name: str, own: Mapping[str, inspect.Parameter]) -> str:
    if name in own:
        return (
            f"the constructor does not keep the argument as it was given: write self.{name} = {name}, "
            "or pass it on to super().__init__"
        )
    rest = next((each.name for each in own.values() if each.kind is inspect.Parameter.VAR_KEYWORD), "common")
    return f"**{rest} is dropped: pass it on, super().__init__(..., **{rest})"


def _check_survival(subject: Subject, part: str, other: Any, cause: str = "") -> None:
    subject.require(type(other) is type(subject.component), part, f"gave a {type(other).__name__}")
    params = subject.component.get_params(deep=False)
    for name, value in other.get_params(deep=False).items():
        if not same(value, params[name]):
            problem = f"argument {name!r} was {plain(params[name])} and came back as {plain(value)}"
            subject.fail(part, problem, cause)


def _check_repr(subject: Subject) -> None:
    scope: dict[str, Any] = {cls.__name__: cls for cls in _all_subclasses(Component)}
    scope |= {type(value).__name__: type(value) for value in _values(subject.component)}
    scope |= {type(subject.component).__name__: type(subject.component)}
    scope |= {"array": np.array, "nan": float("nan"), "inf": float("inf")}
    text = subject.call("repr", lambda: repr(subject.component))
    other = subject.call(f"eval of the repr {text}", lambda: eval(text, scope))
    _check_survival(subject, "repr", other, "repr shows another value than was given")


def _check_config(subject: Subject) -> None:
    classes = tuple({type(value) for value in _values(subject.component) if isinstance(value, Component)})
    data = subject.call("to_config", lambda: to_config(subject.component))
    other = subject.call("from_config", lambda: from_config(data, classes=classes))
    _check_survival(subject, "config", other)


def _check_derived(subject: Subject, params: dict[str, Any]) -> None:
    """Fail if the constructor computes an attribute that goes stale when an argument is set.

    A model may make its layers of its arguments; a copy of it has them anew.
    """
    made = constructor_arguments(Model) if isinstance(subject.component, Model) else ()
    for name, value in params.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        for other in (value / 2 if isinstance(value, float) else value + 1, 0.25, 1):
            try:
                arguments = {**subject.component.clone().get_params(deep=False), name: other}
                built = made_from(type(subject.component), arguments)
                changed = subject.component.clone().set_params(**{name: other})
            except (TypeError, ValueError):
                continue
            for key, right in vars(built).items():
                if key not in params and key not in made and not same(right, vars(changed).get(key)):
                    cause = f"self.{key} is worked out in the constructor and goes stale: work it out where it is used"
                    if isinstance(right, np.random.Generator):
                        cause = (
                            f"self.{key} is random state that all calls share: draw from a Generator that is given, "
                        )
                        cause += f"or make one in each call, default_rng((self.{name}, self.step))"
                    subject.fail("set_params", f"after set_params({name}={other!r}) self.{key} is still old", cause)
            break


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
    """Return whether `value` has no expression that a repr could show."""
    if isinstance(value, np.ndarray):
        return value.size > 64
    return callable(value) and not isinstance(value, Component)


def _all_subclasses(cls: type[Any]) -> Iterator[type[Any]]:
    for child in cls.__subclasses__():
        yield child
        yield from _all_subclasses(child)
