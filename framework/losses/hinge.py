"""The loss of scores with a margin."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.core.types import Array
from framework.losses.elementwise import Elementwise
from framework.losses.targets import require


class Hinge(Elementwise):
    r"""Hinge loss of a support vector machine, for labels -1 and +1.

    .. math:: l = \max(0, 1 - y p), \qquad \frac{dl}{dp} = \begin{cases} -y & y p < 1 \\ 0 & y p \ge 1 \end{cases}

    Shapes: `y_true` and `y_pred` (n, outputs), ``y`` -1 or +1; the sign of ``p`` is the class. Source: Cortes &
    Vapnik, "Support-Vector Networks" (1995), section 3, where it is the slack.
    """

    replayable = True
    classifies = True
    expects = "signed"
    threshold = 0.0

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``max(0, 1 - y p)``."""
        losses: Array = np.maximum(1 - y_true * y_pred, 0)
        return losses

    def slopes(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``-y`` inside the margin, 0 outside."""
        return -y_true * (y_true * y_pred < 1)

    def check_targets(self, y: Array, output_shape: tuple[int, ...], dtype: Any) -> Array:
        """Return targets of shape (n, *output_shape); ValueError if one is neither -1 nor +1."""
        y = super().check_targets(y, output_shape, dtype)
        fix = "for labels 0 and 1 use 2 * y - 1" if ((y == 0) | (y == 1)).all() else "one label for each class"
        require(abs(y) == 1, y, "hinge needs labels -1 and +1", fix)
        return y
