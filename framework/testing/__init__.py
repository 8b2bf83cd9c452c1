"""Conformance checks of components: ``check_layer(MyLayer(3), input_shape=(4,))`` is a whole test of a layer.

Each check raises an AssertionError that names the wrong part and entry, the values computed and expected, and the
likeliest cause. `grade` runs them on all components of a file and counts points; so does, from the command line,
``python -m framework.testing submission.py``.
"""

from framework.testing.activations.check import check_activation
from framework.testing.constraints import check_constraint
from framework.testing.grading.grader import grade
from framework.testing.initializers.check import check_initializer
from framework.testing.layers.check import check_layer
from framework.testing.losses.check import check_loss
from framework.testing.metrics.check import check_metric
from framework.testing.models.check import check_model
from framework.testing.optimizers.check import check_optimizer
from framework.testing.regularizers import check_regularizer
from framework.testing.schedules.check import check_schedule

__all__ = [
    "check_activation",
    "check_constraint",
    "check_initializer",
    "check_layer",
    "check_loss",
    "check_metric",
    "check_model",
    "check_optimizer",
    "check_regularizer",
    "check_schedule",
    "grade",
]
