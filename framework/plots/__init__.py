"""Plots of training curves, learned surfaces with their data, confusion matrices and activation functions.

Each function draws on `ax`, or on a new figure if `ax` is None, and returns the Axes. Limits and colors come from the
data. What cannot be drawn is an error or a warning, and is never left out in silence. matplotlib and playground-data
are imported only where they are used, because importing them can take longer than a fit.
"""

from framework.plots.confusion import plot_confusion_matrix
from framework.plots.curves import plot_activation, plot_history
from framework.plots.points import plot_points
from framework.plots.surfaces import plot_decision_surface, plot_surface

__all__ = [
    "plot_activation",
    "plot_confusion_matrix",
    "plot_decision_surface",
    "plot_history",
    "plot_points",
    "plot_surface",
]
