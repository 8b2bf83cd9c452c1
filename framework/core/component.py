"""The base class of everything that can be swapped: layers, activations, losses, optimizers and the rest.

It finds components by name, and reads, sets, copies and prints their constructor arguments.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from itertools import count
from typing import Any, ClassVar, Self
from weakref import WeakSet

from framework.core.carried import Carrying, Sent, importable, made_by_unpickling
from framework.core.constructors import accepted_arguments, constructor_arguments, made_from
from framework.core.copies import copied
from framework.core.messages import did_you_mean, name_key, shown, snake_case, with_article
from framework.core.nested import changed_params, nested_params
from framework.core.source import same_argument, source
from framework.core.words import in_its_place, names_arguments

# Threads may share this counter: `next` gives each assignment its own number, where `+= 1` could lose one.
_numbers = count(1)


# Classes that pickles brought from other processes.
_copies: WeakSet[type[Any]] = WeakSet()


class UnknownComponent(ValueError):
    """There is no component of that name."""


class Assignments:
    """The number of the last assignment to any component.

    It is an attribute of an object of its own: assigning to a class makes Python forget what it has cached of the
    attributes of that class and of all its subclasses, which would slow down every component.
    """

    number = 0


class Component(Carrying):
    """Base class of everything that can be swapped, found by name, copied and described.

    A direct subclass (``Activation``, ``Loss``, ...) opens a family. Each subclass of a family is a component, and
    defining it is all it takes to register its name: after ``class Sine(Activation)``, ``Activation.of("sine")``
    returns an instance of it, and so does ``Dense(8, "sine")``.

    The name is the class name in snake case. The class keyword ``name=`` sets another one, and ``aliases=`` adds more:
    ``class SiLU(Activation, name="silu", aliases=["swish"])``. Case, spaces, ``_`` and ``-`` are ignored. If two
    classes have the same name, the later one replaces the earlier. A class is not registered if its name begins with
    ``_`` or if it is defined with ``registered=False``. A copy of a class that a pickle brings to another process has
    the names of the original; it does not take one that a class there has.

    A component with a constructor has one duty: store each argument, unchanged, as an attribute of the same name.
    `get_params`, `set_params`, `clone`, ``repr``, copying and saving need nothing else. Values derived from the
    arguments are computed when they are used. A constructor may end in ``**common``, to be passed on to its base class.
    What it gives to that by itself, as in ``super().__init__(units, "relu", **common)``, is no argument of its own.

    Attributes
    ----------
    component_name : str
        The registered name, as `names` lists it.
    replayable : bool
        For layers, activations and losses. True promises that the component works by NumPy calls alone, on the arrays
        that it is given, those of its context and new ones like these (``np.zeros_like(x)``); that neither the order of
        the calls nor a shape depends on values; and that its random numbers come from ``ctx.rng``. A `Recording` of the
        calls can then be played in its place. A subclass does not inherit the promise and must set it again, because
        one line of plain Python can break it. `framework.testing` checks it, and a recording is compared with the
        component on another batch before it is played.

        It may read its attributes, as long as they are numbers, strings, tuples or components: what is assigned to them
        takes effect in the next step. A component with a list, a dictionary or an array among them, or with code that
        reads class attributes or global variables, is called in each step as if this were False (`traceable`).
    keeps : tuple of str
        Attributes that are arguments of every component of a family, whether or not its constructor takes them.
    assignments : Assignments
        A counter of assignments, shared by all components. `number` is another one whenever an attribute of any
        component is set. Code that has computed something from components' arguments notes the number. As long as it
        stays the same, nothing has been set and the result still holds: one comparison instead of one for each
        argument. Only when the number has changed does the code look at the arguments themselves.

    Examples
    --------
    >>> import numpy as np
    >>> from framework import Activation
    >>> class Sine(Activation):
    ...     def __init__(self, frequency=1.0):
    ...         self.frequency = frequency
    ...
    ...     def __call__(self, z):
    ...         return np.sin(self.frequency * z)
    ...
    ...     def derivative(self, z, a):
    ...         return self.frequency * np.cos(self.frequency * z)
    >>> Activation.of("sine")
    Sine()
    >>> Sine(2.0).set_params(frequency=3.0)
    Sine(frequency=3.0)
    """

    _registry: ClassVar[dict[str, type[Any]]]
    _sent: ClassVar[dict[str, Sent]]  # what names stand for in the process that sent a pickle
    _names: ClassVar[tuple[str, ...]]
    component_name: ClassVar[str]
    replayable: ClassVar[bool] = False
    keeps: ClassVar[tuple[str, ...]] = ()
    assignments: ClassVar[Assignments] = Assignments()

    def __init_subclass__(
        cls, *, name: str | None = None, aliases: Iterable[str] = (), registered: bool = True, **kwargs: Any
    ) -> None:
        super().__init_subclass__(**kwargs)
        if "_names" not in vars(cls):  # else dataclass(slots=True) makes the class anew, without the keywords
            cls.component_name = name or snake_case(cls.__name__)
            cls._names = (cls.component_name, *aliases) if registered and not cls.__name__.startswith("_") else ()
        cls.replayable = vars(cls).get("replayable", False)
        if "__init__" in vars(cls):
            cls.__init__ = names_arguments(vars(cls)["__init__"], accepted_arguments)  # type: ignore[method-assign]
        if Component in cls.__bases__:
            cls._registry, cls._sent = {}, {}
        elif made_by_unpickling():  # names and all else are set afterwards
            cls._names = ()
            _copies.add(cls)
        else:
            for known in cls._names:
                cls._registry[name_key(known)] = cls

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        Component.assignments.number = next(_numbers)

    @classmethod
    def names(cls) -> list[str]:
        """Return the names of this family's components in alphabetical order, without aliases."""
        return sorted({component.component_name for component in cls._registry.values()})

    @classmethod
    def components(cls) -> list[type[Self]]:
        """Return the registered classes of this family, sorted by name."""
        return sorted(set(cls._registry.values()), key=lambda component: component.component_name)

    @classmethod
    def known(cls, name: str) -> bool:
        """Return whether this family has a component called `name`."""
        key = name_key(name)
        return key in cls._registry or key in cls._sent or cls._copy(key) is not None

    @classmethod
    def named(cls, name: str) -> type[Self]:
        """Return the class called `name`; raise a ValueError that suggests the nearest names if there is none."""
        key = name_key(name)
        found = cls._registry.get(key)
        if key in cls._sent and (found is None or importable(found)):
            return cls._sent[key].load()  # type: ignore[no-any-return]
        found = found or cls._copy(key)
        if found is None:
            hint = did_you_mean(name, cls.spellings(), cls.names())
            others = [family.__name__.lower() for family in Component.__subclasses__() if key in family._registry]
            kind = f". There is {' and '.join(map(with_article, others))} of this name" if others else ""
            raise UnknownComponent(f"unknown {cls.__name__.lower()} {name!r}{hint}{kind}")
        return found

    @classmethod
    def spellings(cls) -> list[str]:
        """Return the names of this family's components and their aliases."""
        known = cls.components()
        return [*cls.names(), *(alias for each in known for alias in each._names if alias != each.component_name)]

    @classmethod
    def _copy(cls, key: str) -> type[Any] | None:
        """Return a class that came in a pickle and has that name."""
        if not _copies:  # most often; going through a weak set takes as long as all else
            return None
        return next((each for each in _copies if issubclass(each, cls) and key in map(name_key, each._names)), None)

    @classmethod
    def of(cls, spec: Any) -> Self:
        """Return the component that `spec` stands for.

        Parameters
        ----------
        spec
            A name or a class, from which an instance without arguments is made, or an instance, returned as it is.

        Raises
        ------
        ValueError
            If no component of this family has that name, or if its constructor requires arguments.
        TypeError
            If `spec` is neither a name nor a class or an instance of this family.
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
        expected = f"expected {with_article(cls.__name__)}, its name or its class"
        raise TypeError(f"{expected}, got {shown(spec)}{in_its_place(spec, cls, Component.__subclasses__())}")

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's arguments by name; if `deep`, also those of nested components, as ``a__b``."""
        params: dict[str, Any] = {}
        for name in constructor_arguments(type(self)):
            if not hasattr(self, name):
                raise AttributeError(f"{type(self).__name__} must keep its argument {name!r} as self.{name}")
            value = params[name] = getattr(self, name)
            if deep:
                params |= nested_params(name, value)
        return params

    def set_params(self, **params: Any) -> Self:
        """Set constructor arguments by name and return self; ``a__b`` sets argument ``b`` of component ``a``.

        In a list, the items count from 0: ``layers__1__rate`` is the rate of the second layer, and ``layers__1`` that
        layer itself. Lists and nested components are copied before something in them is set, since others may hold
        them too.

        Raises
        ------
        ValueError
            If there is no such argument, or if `check` refuses a value. Then no argument is changed.
        """
        names = list(constructor_arguments(type(self)))
        values = changed_params(self, names, params, named_component)
        before = {name: getattr(self, name) for name in values}
        try:
            for name, value in values.items():
                setattr(self, name, value)
            self.check()
        except Exception:
            self.__dict__.update(before)
            raise
        return self

    def check(self) -> None:
        """Raise ValueError or TypeError if an argument is unusable; called when arguments are set and when used."""

    def clone(self) -> Self:
        """Return a new component with copies of the arguments, nested components cloned, and nothing learned."""
        arguments = {name: _cloned(value) for name, value in self.get_params(deep=False).items()}
        return made_from(type(self), arguments)  # type: ignore[no-any-return]

    def __sklearn_clone__(self) -> Self:
        return self.clone()

    def __repr__(self) -> str:
        shown_arguments = []
        for name, default in constructor_arguments(type(self)).items():
            value = getattr(self, name, default)
            if default is inspect.Parameter.empty:
                shown_arguments.append(source(value))
            elif not same_argument(value, default):
                shown_arguments.append(f"{name}={source(value)}")
        return f"{type(self).__name__}({', '.join(shown_arguments)})"


def _cloned(value: Any) -> Any:
    if value is None or type(value) in (bool, int, float, str):  # most often, and copying takes twenty times as long
        return value
    if isinstance(value, Component):
        return value.clone()
    if isinstance(value, tuple) and hasattr(value, "_make"):  # a named one
        return value._make(map(_cloned, value))
    if type(value) in (list, tuple):
        return type(value)(map(_cloned, value))
    if type(value) is dict:
        return {key: _cloned(item) for key, item in value.items()}
    return copied(value)


def named_component(argument: str, value: Any) -> Any:
    """Return the component that a name or class stands for in `argument`: an initializer in ``weight_initializer``."""
    if isinstance(value, type) and issubclass(value, Component):
        return value.of(value)
    if isinstance(value, str):
        words = argument.rpartition("_")[2].capitalize(), argument.removesuffix("s").capitalize()
        for family in Component.__subclasses__():
            if family.__name__ in words:
                return family.of(value)
    return value
