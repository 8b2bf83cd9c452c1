"""`BlasThreads`: as many threads for the matrix products of a network as pays.

BLAS, the library behind NumPy's products, shares each product among as many threads as there are cores, and these wait
for each other by spinning. Where a core is busy with something else, a product then takes until the system has let
that other work run: small networks become 2 to 20 times slower, for 1.3 times the speed on an idle machine. Large
products gain more and wait less often. So the number of threads follows from the size of the products. It does not
depend on the load of the machine, because the last bits of a product may depend on the number of threads.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from math import prod
from types import TracebackType
from typing import Any, Self

from framework.engine.tree import PlacedLayer

PER_THREAD = 1 << 24  # multiplications of a product that pay for a thread: 0.4 ms of a core in float32
SHORT = 1 << 30  # multiplications of a call that is over too soon to be shared
NEVER_SHARED = 1 << 18  # multiplications, below which BLAS itself leaves a product to one thread
NEVER_SHARED_ROW = 1 << 19  # the same for the product of a single row


class BlasThreads:
    """A context in which products use as many threads as their size pays for, and never more than around it.

    The number of threads is one for the whole process. If several Python threads are in such contexts, that of the last
    one to enter holds; after the last one to leave, the number is what it was before the first. Without a BLAS whose
    threads can be set, nothing happens.

    Parameters
    ----------
    multiplications : int
        In the largest product.
    """

    def __init__(self, multiplications: int = 0) -> None:
        self.number = _threads(multiplications)

    def __enter__(self) -> Self:
        """Set the number of threads."""
        try:
            _process.enter(self)
        except BaseException:  # Ctrl-C
            _process.leave(self)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Set the number that there was before."""
        _process.leave(self)

    def resize(self, multiplications: int) -> None:
        """Follow products that have another size from now on."""
        number = _threads(multiplications)
        if number != self.number:
            self.number = number
            _process.follow()


def threads_for(multiplications: int) -> AbstractContextManager[Any]:
    """Return the context for a call whose largest product has so many `multiplications`."""
    return nullcontext() if multiplications < NEVER_SHARED else BlasThreads(multiplications)


def prediction_threads(samples: int, at_once: int, largest: int, total: int) -> AbstractContextManager[Any]:
    """Return the context for the prediction of `samples`, computed `at_once` at a time.

    A call that takes less than about 20 ms gets one thread: it is likely to be one of many, in several processes.

    Parameters
    ----------
    samples, at_once : int
    largest, total : int
        Multiplications for one sample: in the largest product, and in all of them.
    """
    if samples * largest < (NEVER_SHARED if samples > 1 else NEVER_SHARED_ROW):
        return nullcontext()
    return BlasThreads(min(samples, at_once) * largest if samples * total >= SHORT else 0)


def multiplications(tree: Iterable[PlacedLayer]) -> list[int]:
    """Return the multiplications for one sample in each of the layers' products.

    There is one with each matrix whose axes are the last ones of the layer's inputs and outputs.
    """
    shapes = ((at, at.layer.output_shape(at.input_shape)) for at in tree)
    return [
        prod(output_shape) * at.input_shape[-1]
        for at, output_shape in shapes
        for parameter in at.parameters.values()
        if len(parameter.shape) == 2 and sorted(parameter.shape) == sorted((*at.input_shape[-1:], *output_shape[-1:]))
    ]


class _Process:
    """The contexts that this process is in, and the number of threads outside of all, for each BLAS."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._inside: list[BlasThreads] = []
        self._outside: list[tuple[Any, int]] = []

    def enter(self, context: BlasThreads) -> None:
        """Enter a context."""
        with self._lock:
            if not self._inside:
                self._outside = [(library, library.get_num_threads()) for library in _blas().lib_controllers]
            self._inside.append(context)
            self.follow()

    def leave(self, context: BlasThreads) -> None:
        """Leave a context, which need not be the last one that was entered."""
        with self._lock:
            if context in self._inside:
                self._inside.remove(context)
                self.follow()

    def follow(self) -> None:
        """Set the number of the last context; outside of all, the number that there was before."""
        with self._lock:
            for library, outside in self._outside:
                library.set_num_threads(min(self._inside[-1].number, outside) if self._inside else outside)
                # Whoever has set OpenBLAS controls it: as long as that Python thread lives, no other can set it.
                getattr(library, "clear_controlling_thread", _nothing)()


def _nothing() -> None: ...


_process = _Process()


def _blas() -> Any:
    """Return what reads and sets the threads of each BLAS in this process."""
    return _found("scipy.linalg" in sys.modules)  # SciPy brings its own


@cache
def _found(with_scipy: bool) -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


def _threads(multiplications: int) -> int:
    return max(1, multiplications // PER_THREAD)
