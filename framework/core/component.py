"""What every swappable part shares: a name, its constructor arguments, ``repr`` and config."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import cache
from itertools import count
from typing import Any, ClassVar, Self

import numpy as np

from framework.core.messages import did_you_mean, shown, snake_case


# A counter that threads may share: each assignment gets a number of its own.
_assignments = count(1)


class Component:
    """Base of everything that can be swapped, found by name, copied and described.

    A direct subclass (``Activation``, ``Loss``, ...) opens a family; a subclass of a family is a component of
    it and is at once known by name: ``class Swish(Activation)`` makes ``Activation.of("swish")`` work. The name
    is the class name in snake case, or the class keyword ``name=``; ``aliases=`` adds others. Case, ``_`` and
    ``-`` do not matter. A later class of the same name takes it over. A class whose name begins with ``_``, or
    with ``registered=False``, has no name.

    A component keeps its constructor's arguments as attributes of the same names, as they were given: that is
    all that `get_params`, `set_params`, `clone`, ``repr``, copying and saving need. A constructor may end in
    ``**common`` for the arguments of its base class.

    Attributes
    ----------
    component_name : str
    replayable : bool
        Of layers, activations and losses: whether the work in training is done by NumPy calls alone, whose order does
        not depend on values, so that a `Recording` of them may be played instead. Not inherited: a subclass has to
        say so again, because one line of Python in it can make it untrue. `framework.testing` checks it.
    assignments : int
        Another number after an attribute of any component was assigned. Whoever has bound something to components'
        arguments compares this number first, and looks at the arguments only if it has moved.
    """

    _registry: ClassVar[dict[str, type[Any]]]
    component_name: ClassVar[str]
    replayable: ClassVar[bool] = False
    assignments: ClassVar[int] = 0

    def __init_subclass__(
        cls, *, name: str | None = None, aliases: Iterable[str] = (), registered: bool = True, **kwargs: Any
    ) -> None:
        super().__init_subclass__(**kwargs)
        cls.component_name = name or snake_case(cls.__name__)
        cls.replayable = vars(cls).get("replayable", False)
        if Component in cls.__bases__:
            cls._registry = {}
        elif registered and not cls.__name__.startswith("_"):
            for known in (cls.component_name, *aliases):
                cls._registry[_key(known)] = cls

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        Component.assignments = next(_assignments)

    @classmethod
    def names(cls) -> list[str]:
        """Return the names of this family's components, sorted, without aliases."""
        return sorted({component.component_name for component in cls._registry.values()})

    @classmethod
    def components(cls) -> list[type[Self]]:
        """Return the registered classes of this family, in the order of their names."""
        return sorted(set(cls._registry.values()), key=lambda component: component.component_name)

    @classmethod
    def known(cls, name: str) -> bool:
        """Return whether a component of this family is called `name`."""
        return _key(name) in cls._registry

    @classmethod
    def named(cls, name: str) -> type[Self]:
        """Return the class called `name`; ValueError with the nearest names if there is none."""
        try:
            return cls._registry[_key(name)]
        except KeyError:
            raise ValueError(f"unknown {cls.__name__.lower()} {name!r}{did_you_mean(name, cls.names())}") from None

    @classmethod
    def of(cls, spec: Any) -> Self:
        """Return the component that `spec` stands for: a name, an instance (itself) or a class.

        Raises
        ------
        ValueError
            If no component of this family has that name, or if it cannot do without arguments.
        TypeError
            If `spec` is none of these.
        """
        if isinstance(spec, cls):
            return spec
        if isinstance(spec, str):
            spec = cls.named(spec)
        if isinstance(spec, type) and issubclass(spec, cls):
            missing = [name for name, value in constructor_arguments(spec).items() if value is inspect.Parameter.empty]
            if missing:
                raise ValueError(f"{spec.__name__} needs arguments: write {spec.__name__}({', '.join(missing)}=...)")
            return spec()
        family = cls.__name__
        article = "an" if family[0] in "AEIOU" else "a"
        raise TypeError(f"expected {article} {family}, its name or its class, got {shown(spec)}")

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's arguments by name; with `deep`, those of nested components as ``a__b`` too."""
        params: dict[str, Any] = {}
        for name in constructor_arguments(type(self)):
            if not hasattr(self, name):
                raise AttributeError(f"{type(self).__name__} must keep its argument {name!r} as self.{name}")
            value = params[name] = getattr(self, name)
            if deep and isinstance(value, Component):
                params |= {f"{name}__{key}": nested for key, nested in value.get_params().items()}
        return params

    def set_params(self, **params: Any) -> Self:
        """Set constructor arguments by name (``a__b`` reaches into component ``a``) and return self.

        Raises
        ------
        ValueError
            If there is no such argument, or if a value is refused; then nothing has changed.
        """
        names = list(constructor_arguments(type(self)))
        for name in params:
            if name.partition("__")[0] not in names:
                who = f"{type(self).__name__} has no argument {name!r}"
                raise ValueError(who + did_you_mean(name.partition("__")[0], names))
        before = {name: getattr(self, name) for name in names}
        try:
            for name, value in params.items():
                own, _, rest = name.partition("__")
                if rest:
                    value = self._component(own).clone().set_params(**{rest: value})
                setattr(self, own, value)
            self.check()
        except Exception:
            self.__dict__.update(before)
            raise
        return self

    def _component(self, name: str) -> Component:
        value = getattr(self, name)
        if not isinstance(value, Component):
            raise ValueError(f"{type(self).__name__}.{name} is {shown(value)}: it has no arguments to set")
        return value

    def check(self) -> None:
        """Raise ValueError or TypeError if an argument cannot be used; called when arguments are set and used."""

    def clone(self) -> Self:
        """Return a new component with the same arguments (components among them cloned) and nothing learned."""
        return type(self)(**{name: _cloned(value) for name, value in self.get_params(deep=False).items()})

    def __repr__(self) -> str:
        shown_arguments = []
        for name, default in constructor_arguments(type(self)).items():
            value = getattr(self, name, default)
            if default is inspect.Parameter.empty:
                shown_arguments.append(_source(value))
            elif not _same(value, default):
                shown_arguments.append(f"{name}={_source(value)}")
        return f"{type(self).__name__}({', '.join(shown_arguments)})"


def _find_arguments(cls: type[Any]) -> dict[str, Any]:
    """Return the constructor's argument names with defaults, following ``**common`` into the base classes."""
    found: dict[str, Any] = {}
    for owner in cls.__mro__:
        if owner is object or "__init__" not in vars(owner):
            continue
        parameters = list(inspect.signature(vars(owner)["__init__"]).parameters.values())[1:]
        for parameter in parameters:
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                raise TypeError(f"{cls.__name__}.__init__ takes *{parameter.name}: give its arguments names")
            if parameter.kind is not inspect.Parameter.VAR_KEYWORD:
                found.setdefault(parameter.name, parameter.default)
        if not any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
            break
    return found


constructor_arguments: Callable[[Any], dict[str, Any]] = cache(_find_arguments)


def _key(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


def _cloned(value: Any) -> Any:
    if isinstance(value, Component):
        return value.clone()
    if isinstance(value, list | tuple):
        return type(value)(_cloned(item) for item in value)
    if isinstance(value, dict):
        return {key: _cloned(item) for key, item in value.items()}
    return value.copy() if isinstance(value, np.ndarray) else value


def _same(value: Any, default: Any) -> bool:
    return value is default or (type(value) is type(default) and not isinstance(value, np.ndarray) and value == default)


def _source(value: Any) -> str:
    """Return Python source for an argument: arrays to full precision, long ones by shape only."""
    if isinstance(value, np.ndarray):
        if value.size > 64:
            return f"<array of shape {value.shape}, {value.dtype}>"
        return f"array({value.tolist()}, dtype='{value.dtype}')"
    if isinstance(value, list):
        return f"[{', '.join(map(_source, value))}]"
    if isinstance(value, np.generic):
        return repr(value.item())
    return repr(value)
