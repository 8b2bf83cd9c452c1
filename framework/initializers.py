"""Initializers: initial values of parameters."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod, sqrt
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from framework.core.arguments import number
from framework.core.component import Component
from framework.core.messages import shown
from framework.core.types import Array, Shape


class Initializer(Component):
    """Base of initializers: called with a shape and a generator, returns the initial values of a parameter.

    W has shape (units, inputs), a row for each node, so ``fan_in`` is inputs and ``fan_out`` is units. Wherever an
    initializer is expected, an array or a nested list of numbers may be given: it stands for `Values`.
    """

    @classmethod
    def of(cls, spec: InitializerLike) -> Self:
        """Return the initializer for `spec`: a name, an instance, a class, or an array or list of numbers."""
        return super().of(Values(spec) if isinstance(spec, np.ndarray | list | tuple) else spec)

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Array:
        """Return a new float64 array of `shape`, drawn from `rng` alone."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, shape, rng)")


# An array, or nested lists of numbers, is taken as it is.
InitializerLike = str | Initializer | type[Initializer] | Array | Sequence[Any]


def fans(shape: Shape) -> tuple[int, int]:
    """Return (fan_in, fan_out) of a parameter: (units, inputs, ...) -> inputs, units; (n,) -> n, n.

    ``fan_in`` is the product of all axes after the first.
    """
    return (prod(shape[1:]) if len(shape) > 1 else prod(shape)), (shape[0] if shape else 1)


class Values(Initializer):
    """Exactly the given values.

    Parameters
    ----------
    values : array_like
        In the parameter's shape; a call for another shape is a ValueError that names both.
    """

    def __init__(self, values: ArrayLike) -> None:
        self.values = values
        self.check()

    def check(self) -> None:
        try:
            values = np.asarray(self.values)
        except ValueError as error:
            raise ValueError(f"Values: values must be an array of numbers: {error}") from None
        if values.dtype.kind not in "biuf":
            raise TypeError(f"Values: values must be an array of real numbers, got {shown(self.values)}")
        if not np.isfinite(values).all():
            raise ValueError(f"Values: values must be finite numbers, got {shown(self.values)}")

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Array:
        values = np.array(self.values, np.float64)
        if values.shape != tuple(shape):
            raise ValueError(f"the values given have shape {values.shape}, the parameter has shape {tuple(shape)}")
        return values


class Zeros(Initializer):
    """All 0, for biases: the nodes of a layer whose weights start at 0 stay identical."""

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Array:
        return np.zeros(shape)


class Ones(Initializer):
    """All 1."""

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Array:
        return np.ones(shape)


class Constant(Initializer):
    """All `value`.

    Parameters
    ----------
    value : float
    """

    def __init__(self, value: float) -> None:
        self.value = value
        self.check()

    def check(self) -> None:
        number(self.value, "value", self)

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Array:
        return np.full(shape, self.value, np.float64)


class _Normal(Initializer):
    """Base of initializers that draw around `mean` with `stddev`.

    Parameters
    ----------
    mean, stddev : float
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05) -> None:
        self.mean = mean
        self.stddev = stddev
        self.check()

    def check(self) -> None:
        number(self.mean, "mean", self)
        number(self.stddev, "stddev", self, least=0)


class RandomNormal(_Normal):
    """Normal: w ~ N(mean, stddev^2)."""

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Array:
        return rng.normal(self.mean, self.stddev, shape)


class TruncatedNormal(_Normal):
    """Normal N(mean, stddev^2) cut off at 2 `stddev` from `mean`: values beyond are drawn again, as in Keras.

    `stddev` is that before truncation; the values have 0.8796 of it.
    """

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Array:
        x = np.asarray(rng.standard_normal(shape))
        while (outside := np.abs(x) > 2).any():
            x[outside] = rng.standard_normal(np.count_nonzero(outside))
        return np.asarray(self.mean + self.stddev * x)


class RandomUniform(Initializer):
    """Uniform: w ~ U[minval, maxval).

    Parameters
    ----------
    minval, maxval : float
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05) -> None:
        self.minval = minval
        self.maxval = maxval
        self.check()

    def check(self) -> None:
        number(self.minval, "minval", self)
        number(self.maxval, "maxval", self)
        if self.minval > self.maxval:
            raise ValueError(f"RandomUniform: minval {self.minval} is above maxval {self.maxval}; swap them")

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Array:
        return rng.uniform(self.minval, self.maxval, shape)


class _VarianceScaling(Initializer):
    """Base of initializers with mean 0 and a variance set by the fans, so that signals keep their size.

    The normal variants are plain normal distributions, as in PyTorch; Keras truncates them at 2 standard
    deviations (and widens them to the same variance). The uniform variants are U[-limit, limit) with
    limit = sqrt(3 variance).
    """

    uniform = False

    def variance(self, fan_in: int, fan_out: int) -> float:
        """Return the variance for these fans."""
        raise NotImplementedError(f"{type(self).__name__} must define variance(self, fan_in, fan_out)")

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Array:
        fan_in, fan_out = fans(shape)
        variance = self.variance(max(fan_in, 1), max(fan_out, 1))
        limit = sqrt(3 * variance)
        return rng.uniform(-limit, limit, shape) if self.uniform else rng.normal(0.0, sqrt(variance), shape)


class GlorotNormal(_VarianceScaling):
    """Normal with variance 2 / (fan_in + fan_out). For activations like tanh.

    Source: Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks", eq. 12.
    """

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 2 / (fan_in + fan_out)


class GlorotUniform(GlorotNormal):
    """Uniform with variance 2 / (fan_in + fan_out): limit = sqrt(6 / (fan_in + fan_out)).

    Source: Glorot & Bengio 2010, eq. 16.
    """

    uniform = True


class HeNormal(_VarianceScaling):
    """Normal with variance 2 / fan_in. For activations like relu.

    Source: He et al. 2015, "Delving deep into rectifiers", eq. 10.
    """

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 2 / fan_in


class HeUniform(HeNormal):
    """Uniform with variance 2 / fan_in: limit = sqrt(6 / fan_in).

    Source: He et al. 2015, eq. 10.
    """

    uniform = True


class LecunNormal(_VarianceScaling):
    """Normal with variance 1 / fan_in. For selu.

    Source: LeCun et al. 1998, "Efficient BackProp", section 4.6.
    """

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 1 / fan_in


class LecunUniform(LecunNormal):
    """Uniform with variance 1 / fan_in: limit = sqrt(3 / fan_in).

    Source: LeCun et al. 1998, section 4.6.
    """

    uniform = True


class Orthogonal(Initializer):
    """Random (semi-)orthogonal matrix times `gain`: rows of equal length at right angles, or columns if units > inputs.

    The matrix is Q of the QR decomposition of a normal matrix, each column times the sign of R's diagonal, which makes
    all such matrices equally likely. All axes after the first count as one; (n,) gives one random direction.
    Source: Saxe et al. 2014, "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks",
    section 3; the signs: Mezzadri 2007, "How to generate random matrices from the classical compact groups", section 5.

    Parameters
    ----------
    gain : float
        Length of the rows (or columns).
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain
        self.check()

    def check(self) -> None:
        number(self.gain, "gain", self)

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Array:
        rows, columns = (shape[0], prod(shape[1:])) if shape else (1, 1)
        Q, R = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
        Q *= np.sign(np.diagonal(R)) * self.gain
        return np.ascontiguousarray(Q if rows >= columns else Q.T).reshape(shape)
