"""The base class of schedules."""

from __future__ import annotations

from framework.core.component import Component


class Schedule(Component):
    """Base of schedules: called with the number of steps already made, returns the learning rate of the next step."""

    def __call__(self, step: int) -> float:
        """Return the learning rate after `step` steps; 0 gives that of the first."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, step)")
