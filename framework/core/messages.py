"""Names in any spelling, and pieces of error messages: similar names, values cut short, shapes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any


def snake_case(name: str) -> str:
    """Return a class name in snake case: ``"LeakyReLU"`` gives ``"leaky_re_lu"``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


@lru_cache(maxsize=1024)
def name_key(name: str) -> str:
    """Return `name` in lower case without ``_``, ``-`` and spaces: all spellings of a name have the same key."""
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


def did_you_mean(name: str, known: Iterable[str], listed: Iterable[str] | None = None) -> str:
    """Return the end of an error message: what `name` may stand for among the `known` names, and a list of names.

    It looks for words of other libraries (see `framework.core.synonyms` and `advice`), then for similar names.

    Parameters
    ----------
    name : str
    known : iterable of str
    listed : iterable of str, optional
        The names to list, by default all that are known.
    """
    import difflib

    from framework.core.advice import ELSEWHERE
    from framework.core.synonyms import SYNONYMS

    known, key = list(known), name_key(str(name))
    listed = known if listed is None else list(listed)
    spelled = [word for word in known if name_key(word) == key]
    near = spelled or [word for word in SYNONYMS.get(key, ()) if word in known]
    advice = [ELSEWHERE[word] for word in map(name_key, (key, *SYNONYMS.get(key, ()))) if word in ELSEWHERE]
    if not near and not advice:
        near = difflib.get_close_matches(snake_case(str(name)), known, n=3, cutoff=0.6)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else f"; {advice[0]}." if advice else "."
    return f"{hint} Known: {', '.join(listed) or 'none'}"


def with_article(noun: str) -> str:
    """Return ``"an Optimizer"`` for ``"Optimizer"``, ``"a Loss"`` for ``"Loss"``."""
    return f"{'an' if noun[0] in 'AEIOUaeiou' else 'a'} {noun}"


def shown(value: Any) -> str:
    """Return a short description of `value` for an error message."""
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"


def shape_text(shape: tuple[int, ...]) -> str:
    """Return the shape of a batch of samples of `shape`, as messages show it: ``(n, 3)`` for ``(3,)``."""
    return "(" + ", ".join(map(str, ("n", *shape))) + ("" if shape else ",") + ")"
