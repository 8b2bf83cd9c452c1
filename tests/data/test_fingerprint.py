"""Fingerprints: equal for equal contents, cheap for large arrays."""

import numpy as np
import pytest

from framework.data import fingerprint as module
from framework.data.fingerprint import fingerprint, other_data
from framework.data.memmap import MemmapRows

A = np.random.default_rng(0).normal(size=(1000, 7))


def test_equal_contents_have_equal_fingerprints_in_any_memory(tmp_path):
    np.save(tmp_path / "a.npy", A)
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    rows = MemmapRows(mapped, lambda part: part, np.arange(1000))
    forms = [A, A.copy(), np.asfortranarray(A), A.astype(">f8"), mapped, rows]
    assert len({fingerprint(form) for form in forms}) == 1


@pytest.mark.parametrize(
    "other",
    [A[:-1], A[::-1], A.reshape(500, 14), A.astype(np.float32), A.view(np.int64), A + 1e-9 * (A[499, 3] == A), -A],
    ids=["shorter", "reversed", "reshaped", "float32", "int64", "one value", "signs"],
)
def test_other_contents_have_other_fingerprints(other):
    assert fingerprint(other) != fingerprint(A)


@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (5,), (3, 2, 2), (4, 0)])
def test_any_shape_and_kind_of_number(shape):
    for dtype in (bool, np.int8, np.uint64, np.float16, np.float64):
        assert len(fingerprint(np.ones(shape, dtype)).split(" ")[0]) == module.DIGEST_LETTERS


class Counted:
    """Rows that count what is read of them."""

    def __init__(self, n, width=4):
        self.shape, self.dtype, self.bytes, self.starts = (n, width), np.dtype(np.float64), 0, []

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        part = np.arange(*rows.indices(len(self)), dtype=np.float64)[:, np.newaxis].repeat(self.shape[1], 1)
        self.bytes += part.nbytes
        self.starts.append(rows.start)
        return part


@pytest.mark.parametrize(("n", "width"), [(10**9, 4), (10**5, 10**5), (3, 10**7)])
def test_of_large_arrays_little_is_read_from_the_first_row_to_the_last(n, width):
    large = Counted(n, width)
    fingerprint(large)
    assert large.bytes <= max(1.1 * module.SAMPLED_BYTES, 3 * 8 * width)
    assert min(large.starts) == 0
    assert max(large.starts) >= n - module.SAMPLED_BYTES // module.BLOCKS // (8 * width) - 1
    assert len(set(large.starts)) > 1


def test_a_large_array_is_the_same_in_a_file_and_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "WHOLE_BYTES", 1000)
    monkeypatch.setattr(module, "SAMPLED_BYTES", 2000)
    np.save(tmp_path / "a.npy", A)
    assert fingerprint(np.load(tmp_path / "a.npy", mmap_mode="r")) == fingerprint(A)
    assert fingerprint(A[1:]) != fingerprint(A)
    assert fingerprint(A[[*range(1, 1000), 0]]) != fingerprint(A)


def test_the_first_difference_is_named():
    data = {"X": fingerprint(A), "batch_size": 8}
    assert other_data(data, dict(data)) == ""
    assert other_data({**data, "batch_size": 9}, data) == "batch_size is 9 here and 8 in the file"
    assert other_data({**data, "X": fingerprint(-A)}, data) == "X holds other values than in the file"
    assert other_data({**data, "X": fingerprint(A[1:])}, data) == "X is f8 (999, 7) here and f8 (1000, 7) in the file"
    assert other_data({"batches": None, "y": 1}, {"batches.seed": 3, "y": 1}) == ""
    assert other_data({"batches": "a", "validation batches": None}, {"batches": "a", "validation batches": "b"}) == ""
