"""The threads of matrix products: as many as pays, never more than before, restored afterwards."""

import threading

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

from framework import Activate, Dense, Embedding, Flatten, Model
from framework.callbacks import Callback
from framework.engine import blas_threads
from framework.engine.blas_threads import PER_THREAD, BlasThreads

BLAS = ThreadpoolController().select(user_api="blas").lib_controllers
pytestmark = pytest.mark.skipif(not BLAS, reason="NumPy's BLAS has no number of threads to set")
rng = np.random.default_rng(0)


def threads():
    return BLAS[0].get_num_threads()


@pytest.fixture(autouse=True)
def four_threads():
    with threadpool_limits(4, user_api="blas"):
        yield
        assert threads() == 4


class Seen(Callback):
    """The threads in each batch, and after each epoch."""

    def __init__(self, at_batch=lambda: None):
        self.at_batch = at_batch

    def on_train_begin(self, logs=None):
        self.in_batches, self.after_epochs = [], []

    def on_batch_end(self, batch, logs=None):
        self.at_batch()
        self.in_batches.append(threads())

    def on_epoch_end(self, epoch, logs=None):
        self.after_epochs.append(threads())


@pytest.fixture
def small_counts_as_large(monkeypatch):
    """A product of 64 x 64 x 4 pays for a thread, to keep the tests fast."""
    monkeypatch.setattr(blas_threads, "PER_THREAD", 1 << 14)
    monkeypatch.setattr(blas_threads, "SHORT", 1 << 22)
    monkeypatch.setattr(blas_threads, "NEVER_SHARED", 1)


def model(*units):
    return Model([*(Dense(n, "relu") for n in units), Dense(1)], seed=0, dtype="float32")


def data(n, inputs):
    return rng.normal(size=(n, inputs)).astype("f"), rng.normal(size=(n, 1)).astype("f")


@pytest.mark.parametrize(("multiplications", "expected"), [(0, 1), (PER_THREAD, 1), (2 * PER_THREAD, 2), (1 << 40, 4)])
def test_the_number_follows_the_size_of_the_products(multiplications, expected):
    with BlasThreads(multiplications):
        assert threads() == expected


def test_never_more_than_the_user_has_set():
    with threadpool_limits(1, user_api="blas"), BlasThreads(1 << 40):
        assert threads() == 1


def test_a_context_inside_another_has_a_number_of_its_own():
    with BlasThreads():
        with BlasThreads(3 * PER_THREAD):
            assert threads() == 3
        assert threads() == 1


def test_a_small_network_trains_in_one_thread():
    seen = Seen()
    model(64, 64).fit(*data(300, 16), epochs=2, batch_size=128, callbacks=[seen])
    assert seen.in_batches == [1] * 6
    assert seen.after_epochs == [1, 1]
    assert threads() == 4


@pytest.mark.usefixtures("small_counts_as_large")
def test_each_batch_of_a_large_network_has_the_threads_that_pay():
    seen = Seen()
    model(64, 64).fit(*data(40, 16), batch_size=13, shuffle=False, callbacks=[seen])
    assert seen.in_batches == [3, 3, 3, 1]


def test_the_number_comes_back_after_an_error():
    def fail():
        raise OSError("a full disk")

    with pytest.raises(OSError, match="a full disk"):
        model(8).fit(*data(300, 16), callbacks=[Seen(fail)])
    assert threads() == 4


def test_predictions_are_shared_only_if_they_last(monkeypatch, small_counts_as_large):
    net = model(64, 64).build(16)
    seen = []
    infer = net.network.infer

    def watched(*args):
        seen.append(threads())
        return infer(*args)

    monkeypatch.setattr(net.network, "infer", watched)
    for n in (1, 300, 2000):
        net.predict(data(n, 16)[0])
    assert seen == [4, 1, 4]  # BLAS does not share the product of a single row: nothing has to be set


@pytest.mark.usefixtures("small_counts_as_large")
def test_the_same_bits_in_a_hook_as_outside():
    x, y = data(1501, 15)
    net = model(63, 65)
    inside = []
    seen = Seen(lambda: inside.append((net.evaluate(x, y)["loss"], net.predict(x), net.gradients(x, y)[0])))
    net.fit(x[:7], y[:7], batch_size=7, callbacks=[seen])
    loss, prediction, gradient = inside[0]
    assert loss == net.evaluate(x, y)["loss"]
    assert (prediction == net.predict(x)).all()
    assert (gradient == net.gradients(x, y)[0]).all()


def test_several_python_threads_leave_the_number_as_it_was():
    x, y = data(600, 16)
    failed = []

    def work():
        net = model(64, 64)
        try:
            for _ in range(5):
                net.fit(x, y, batch_size=100)
                net.predict(x)
        except BaseException as error:  # shown by the assertion below
            failed.append(error)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failed
    assert threads() == 4


def test_only_matrices_between_inputs_and_outputs_count():
    def products(layers, shape):
        network = Model(layers).build(shape).network
        return network.largest_product, network.products

    assert products([Dense(5), Activate("relu"), Dense(7)], 3) == (35, 15 + 35)
    assert products([[Dense(5), Dense(4)], Dense(1)], 3) == (20, 15 + 20 + 4)
    assert products([Embedding(50, 3), Flatten(), Dense(2)], (4,)) == (24, 24)
    assert products(["tanh"], 3) == (0, 0)


def test_contexts_that_overlap_leave_the_number_as_it_was():
    first, second = BlasThreads(2 * PER_THREAD), BlasThreads(3 * PER_THREAD)
    with first:
        second.__enter__()
    assert threads() == 3
    second.__exit__(None, None, None)
    assert threads() == 4


def test_an_interrupt_while_the_number_is_set_leaves_it_as_it_was(monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(blas_threads._process, "follow", interrupted)
        with pytest.raises(KeyboardInterrupt):
            BlasThreads().__enter__()
    with BlasThreads(1 << 40):
        assert threads() == 4


def test_a_python_thread_that_lives_on_does_not_control_the_others():
    done, end = threading.Event(), threading.Event()

    def work():
        with BlasThreads():
            pass
        done.set()
        end.wait()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        done.wait()
        with BlasThreads():
            assert threads() == 1
        with threadpool_limits(2, user_api="blas"):
            assert threads() == 2
    finally:
        end.set()
        worker.join()
