"""Arrays in pieces."""

import numpy as np
import pytest

from framework.core.arrays import row_slices


@pytest.mark.parametrize(("n", "size"), [(0, 4), (1, 4), (4, 4), (9, 4), (9, 1), (3, 100)])
def test_row_slices_cover_each_row_once_in_order(n, size):
    slices = list(row_slices(n, size))
    assert [rows.stop - rows.start for rows in slices] == [size] * (n // size) + [n % size] * (n % size > 0)
    pieces = [np.arange(n)[rows] for rows in slices]
    np.testing.assert_array_equal(np.concatenate([np.arange(0), *pieces]), np.arange(n))
