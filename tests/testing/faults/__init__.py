"""Wrong components, each with the words that its check must fail with, and right ones as users write them."""

FAULTS = []
RIGHT = []


class Quiet:
    """Keep subclasses out of the registry of their family."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(registered=False, **kwargs)


def fault(words, check, **options):
    """Add a class whose instances `check` must refuse, with a message that `words` (a regular expression) match."""

    def add(cls):
        FAULTS.append((cls, check, options, words))
        return cls

    return add


def right(check, **options):
    """Add a class whose instances `check` must accept."""

    def add(cls):
        RIGHT.append((cls, check, options))
        return cls

    return add
