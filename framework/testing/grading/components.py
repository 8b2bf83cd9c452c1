"""The components of a submission: find them by name, and make an instance of each to check."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from framework.core.built_in import is_built_in
from framework.core.component import Component
from framework.core.constructors import constructor_arguments
from framework.core.messages import name_key, with_article
from framework.core.types import Shape
from framework.metrics import Metric
from framework.testing.grading.families import family_named, family_of
from framework.testing.grading.rubric import Entry

SIZES = "units", "outputs", "features", "size", "width", "dim", "n", "k", "neurons", "hidden", "output_dim", "num_units"
STEPS = "steps", "total_steps", "decay_steps", "warmup_steps", "period", "every", "warmup"
PARTS = (
    *(
        "rate",
        "p",
        "probability",
        "alpha",
        "beta",
        "gamma",
        "scale",
        "factor",
        "strength",
        "limit",
        "slope",
        "momentum",
    ),
    *("decay", "weight", "coefficient", "amount", "threshold", "temperature", "frequency", "std", "stddev", "friction"),
    *("value", "start", "power"),
)
GUESSES: dict[str, Any] = {
    **dict.fromkeys(SIZES, 3),
    **dict.fromkeys(STEPS, 20),
    **dict.fromkeys(PARTS, 0.5),
    "learning_rate": 0.01,
    "lr": 0.01,
    "initial_rate": 0.01,
    "activation": "tanh",
    "layers": ["tanh"],
}
BY_TYPE: dict[Any, Any] = {int: 3, "int": 3, float: 0.5, "float": 0.5, bool: True, "bool": True}
INPUT_SHAPES: tuple[Shape, ...] = ((4,), (5, 3), (6, 6, 2))


class Refused(Exception):
    """The submission does not have what was expected."""


class Unclear(Exception):
    """What the teacher has to tell before the component can be checked."""


def found_in(names: Mapping[str, Any], module: str) -> list[str]:
    """Return the names of the component classes that a module defines, in the order of their definition.

    Left out are classes that it imports, those that begin with ``_``, abstract ones, and callbacks: they have no check.
    """
    classes = [
        value
        for value in names.values()
        if isinstance(value, type)
        and issubclass(value, Component)
        and value.__module__ == module
        and family_of(value) is not None
        and not value.__name__.startswith("_")
        and not inspect.isabstract(value)
    ]
    return list(dict.fromkeys(cls.__name__ for cls in classes if names.get(cls.__name__) is cls))


def component_for(entry: Entry, names: Mapping[str, Any], notes: Iterable[str] = ()) -> tuple[Any, type[Component]]:
    """Return the component that an entry asks for, and its family.

    Parameters
    ----------
    entry : Entry
    names : mapping
        What the submission defines, by name.
    notes : iterable of str
        Why something may be missing: errors of a notebook's cells.

    Raises
    ------
    Refused
        If it is missing, is of another family, is one of the framework's own classes, or cannot be made.
    Unclear
        If its constructor needs arguments that cannot be guessed.
    """
    if entry.component not in names:
        raise Refused(_missing(entry.component, names, notes))
    value = names[entry.component]
    function = entry.family and family_named(entry.family) is Metric and inspect.isfunction(value)
    cls = value if isinstance(value, type) else type(value)
    family = Metric if function else family_of(cls)
    if family is None:
        base = cls.__mro__[1].__name__
        kind = f"a class derived from {base}" if isinstance(value, type) else with_article(cls.__name__)
        raise Refused(f"{entry.component} is {kind}, expected a component that has a check")
    if entry.family and family is not family_named(entry.family):
        expected = with_article(family_named(entry.family).__name__)
        raise Refused(f"{entry.component} is {with_article(family.__name__)}, expected {expected}")
    if not isinstance(value, type):
        return value, family
    if is_built_in(cls):
        raise Refused(f"{entry.component} is the framework's own {cls.__name__}, expected one that you define")
    return _made(cls, entry), family


def guessed_input_shape(layer: Any) -> Shape:
    """Return the first usual shape of inputs that a layer declares its parameters and outputs for."""
    for shape in INPUT_SHAPES:
        try:
            layer.parameters(shape), layer.output_shape(shape), layer.memory(shape)
        except Exception:
            continue
        return shape
    return INPUT_SHAPES[0]


def _missing(name: str, names: Mapping[str, Any], notes: Iterable[str]) -> str:
    defined = [
        key
        for key, value in names.items()
        if isinstance(value, Component) or (isinstance(value, type) and not is_built_in(value))
    ]
    spelled = [key for key in defined if name_key(key) == name_key(name)]
    near = spelled or difflib.get_close_matches(name, defined, n=1, cutoff=0.6)
    hint = f"; there is {near[0]}: is it meant to be {name}?" if near else ""
    return "\n".join([f"{name} is missing: the submission does not define it{hint}", *notes])


def _made(cls: type[Any], entry: Entry) -> Any:
    given = entry.arguments
    try:
        if isinstance(given, Mapping):
            return cls(**given)
        if given is not None:
            return cls(*given)
        required = [name for name, value in constructor_arguments(cls).items() if value is inspect.Parameter.empty]
        unknown = [name for name in required if _guess(cls, name) is None]
        if unknown:
            raise Unclear(
                f"{cls.__name__} needs the argument {unknown[0]}, which cannot be guessed: "
                f'give "arguments": {{"{unknown[0]}": ...}} in the rubric'
            )
        return cls(**{name: _guess(cls, name) for name in required})
    except Unclear:
        raise
    except Exception as error:
        what = "" if given is None else f" with the arguments {given!r}"
        raise Refused(f"{cls.__name__} cannot be made{what}: {type(error).__name__}: {error}") from error


def _guess(cls: type[Any], name: str) -> Any:
    """Return a value for a required argument, by its name or its type; None if there is no good guess."""
    if name in GUESSES:
        return GUESSES[name]
    parameter = inspect.signature(cls).parameters.get(name)
    return BY_TYPE.get(parameter.annotation) if parameter is not None else None
