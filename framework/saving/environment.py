"""The environment of a computation: besides the program and its seed, the last bits depend on it."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from typing import Any

import numpy as np


@cache
def environment() -> dict[str, Any]:
    """Return the versions, the processor's features, and the kernel and threads of the matrix products."""
    import platform

    built_with: Any = np.show_config(mode="dicts")
    blas = built_with["Build Dependencies"]["blas"]
    kernel, threads = _openblas()
    return {
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "simd": built_with["SIMD Extensions"].get("found", []),
        "blas": f"{blas.get('name')} {blas.get('version')}",
        "kernel": kernel,
        "threads": threads,
    }


def _openblas() -> tuple[str | None, int | None]:
    """Return the kernel and the threads of the OpenBLAS in NumPy's own wheels; no kernel for another BLAS."""
    try:
        library = ctypes.CDLL(np._core._multiarray_umath.__file__)  # type: ignore[attr-defined]
        corename = library.scipy_openblas_get_corename64_
        corename.restype = ctypes.c_char_p
        return corename().decode(), int(library.scipy_openblas_get_num_threads64_())
    except (AttributeError, OSError):
        return None, int(os.environ.get("OMP_NUM_THREADS", "0")) or os.cpu_count()
