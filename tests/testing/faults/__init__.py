"""Wrong components, each with the words that its check must say of it, and right ones in the style of a user."""

FAULTS = []
RIGHT = []


class Quiet:
    """Keeps a family's registry clean."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(registered=False, **kwargs)


def fault(words, check, **told):
    """Enter a class whose instances `check` must refuse, with `words` (a regular expression) in the message."""

    def enter(cls):
        FAULTS.append((cls, check, told, words))
        return cls

    return enter


def right(check, **told):
    """Enter a class whose instances `check` must accept."""

    def enter(cls):
        RIGHT.append((cls, check, told))
        return cls

    return enter
