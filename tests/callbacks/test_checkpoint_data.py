"""A run knows its data: a file of another run never replaces what a fit would learn."""

import numpy as np
import pytest

import framework as f
from framework.callbacks import Callback, Checkpoint, EarlyStopping
from framework.saving.archive import CheckpointError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = X @ np.array([[1.0], [-2.0], [0.5]])
WEIGHT = np.linspace(0.5, 1.5, 40)


def model(**arguments):
    return f.Model([f.Dense(4, "tanh"), f.Dense(1)], **{"optimizer": f.SGD(0.02, momentum=0.9), "seed": 3} | arguments)


def run(path, x=X, y=Y, *callbacks, network=None, saving=None, **arguments):
    network = network or model()
    saving = saving or Checkpoint(path)
    sizes = {} if y is None else {"batch_size": 8}
    return network.fit(x, y, **{"epochs": 3, **sizes, "callbacks": [saving, *callbacks]} | arguments)


def refused(path, words, *data, **arguments):
    content, network = path.read_bytes(), arguments.pop("network", None) or model()
    before = network.get_weights() if network.built else None
    with pytest.raises(CheckpointError, match=words) as error:
        run(path, *data, network=network, **arguments)
    assert "Give another path, remove the file, or say resume=False" in str(error.value)
    assert path.read_bytes() == content
    assert network.built is (before is not None)
    if before is not None:
        assert all(map(np.array_equal, network.get_weights(), before))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.npz"


def changed(array):
    array = array.copy()
    array[len(array) // 2] += 0.25
    return array


@pytest.mark.parametrize("epochs", [3, 5])
def test_other_data_is_refused(path, epochs):
    run(path, sample_weight=WEIGHT, validation_data=(X[:9], Y[:9], WEIGHT[:9]))
    same = {"sample_weight": WEIGHT, "validation_data": (X[:9], Y[:9], WEIGHT[:9]), "epochs": epochs}
    others = " holds other values than in the file"
    refused(path, f"y{others}", X, 1 - Y, **same)
    refused(path, f"X{others}", changed(X), Y, **same)
    refused(path, f"weights{others}", **{**same, "sample_weight": changed(WEIGHT)})
    refused(path, r"weights is 'none' here and f8 \(40,\) in the file", **{**same, "sample_weight": None})
    refused(path, r"X is f8 \(39, 3\) here and f8 \(40, 3\) in", X[1:], Y[1:], **{**same, "sample_weight": WEIGHT[1:]})
    refused(path, "batch_size is 16 here and 8 in the file", **same, batch_size=16)
    refused(path, "shuffle is False here and True in the file", **same, shuffle=False)
    refused(path, f"validation y{others}", **{**same, "validation_data": (X[:9], 1 - Y[:9], WEIGHT[:9])})
    refused(path, "validation X is given in the file and not here", **{**same, "validation_data": None})
    refused(path, "batches is given here and not in the file", [(X[:8], Y[:8])], None, epochs=epochs)
    assert run(path, **same).history.epoch == list(range(1, epochs + 1))


def test_another_split_is_refused(path):
    run(path, validation_split=0.2)
    refused(path, r"X is f8 \(28, 3\) here and f8 \(32, 3\) in the file", validation_split=0.3)
    refused(path, "X is f8", validation_split=0.0)


def test_class_weights_are_part_of_the_data(path):
    labels, layers = (Y > 0).astype(float), [f.Dense(1, "sigmoid")]

    def once(class_weight):
        network = f.Model(layers, loss="binary_crossentropy", seed=0)
        return run(path, X, labels, network=network, class_weight=class_weight)

    once("balanced")
    once("balanced")
    with pytest.raises(CheckpointError, match="weights holds other values"):
        once({0: 1.0, 1: 5.0})


def test_the_same_data_in_another_form_is_the_same(path, tmp_path):
    run(path)
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", np.asfortranarray(Y))
    mapped = [np.load(tmp_path / name, mmap_mode="r") for name in ("x.npy", "y.npy")]
    for epochs, data in enumerate([(X.tolist(), Y.tolist()), mapped, (X[::1], Y[:, 0]), (X.astype(">f8"), Y)], 4):
        assert run(path, *data, epochs=epochs).history.epoch[-1] == epochs


def test_two_models_on_labels_and_their_opposites(path):
    labels = (Y > 0).astype(float)
    run(path, X, labels)
    refused(path, "y holds other values", X, 1 - labels)
    assert run(None, X, 1 - labels, saving=Checkpoint(path, resume=False)).history.epoch == [1, 2, 3]
    refused(path, "y holds other values", X, labels)


def test_another_beginning_is_refused(path):
    run(path)
    refused(path, "it began with other weights", network=changed_weights())
    refused(path, "it has reached epoch 3, and this one ends with epoch 2", epochs=2)
    other = model().fit(X, Y, epochs=2, batch_size=8)
    refused(path, "it began after epoch 0, .* after epoch 2, and each fit .* needs a path of its own", network=other)
    older = model().fit(X, 1 - Y, epochs=3, batch_size=8)
    refused(path, "its epochs are not the first ones of this model", network=older)


def changed_weights():
    network = model().build(3)
    network.set_weights([weight + 0.5 for weight in network.get_weights()])
    return network


def test_a_second_fit_with_the_same_path_is_right_at_once_and_refused_when_it_is_resumed(path):
    network = run(path)
    whole = model().fit(X, Y, epochs=5, batch_size=8)
    run(path, network=network, epochs=2)
    assert np.array_equal(network.network.params, whole.network.params)
    refused(path, "it began after epoch 3, this one begins after epoch 0", epochs=3)
    refused(path, "it began after epoch 3, this one begins after epoch 0", epochs=8)


def test_the_best_value_of_this_models_past_counts_on(path):
    best = Checkpoint(path, save_best_only=True, monitor="loss")
    network = run(path, saving=best, epochs=6)
    content, value = path.read_bytes(), best.best
    assert value is not None
    network.optimizer_.set_params(learning_rate=1.9)
    run(path, saving=best, network=network, epochs=1)
    assert network.history["loss"][-1] > value or (best.best or 0) < value
    assert (path.read_bytes() == content) is (network.history["loss"][-1] > value)
    run(path, X, 10 + Y, saving=best, network=network, epochs=1)
    assert best.best == network.history["loss"][-1]


def test_two_checkpoints_in_a_fit_are_of_the_same_run(path, tmp_path):
    class Stop(Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 4:
                raise ZeroDivisionError

    def once(folder, *stops):
        best = Checkpoint(folder / "best.npz", save_best_only=True, monitor="loss")
        fit = {"epochs": 8, "batch_size": 8, "callbacks": [best, Checkpoint(folder / "last.npz"), *stops]}
        return model().fit(X, Y, **fit)

    with pytest.raises(ZeroDivisionError):
        once(tmp_path, Stop())
    (tmp_path / "whole").mkdir()
    whole = once(tmp_path / "whole")
    assert np.array_equal(once(tmp_path).network.params, whole.network.params)
    assert (tmp_path / "best.npz").read_bytes() == (tmp_path / "whole" / "best.npz").read_bytes()


# Streams


class Stream:
    def __init__(self, y, fingerprint=None):
        self.y = y
        if fingerprint is not None:
            self.fingerprint = fingerprint

    def __iter__(self):
        return iter([(X[:20], self.y[:20]), (X[20:], self.y[20:])])


@pytest.mark.parametrize("make", [lambda value: value, lambda value: lambda: value], ids=["attribute", "method"])
@pytest.mark.parametrize(
    ("mine", "other", "words"),
    [
        ("a", "b", "batches is 'b' here and 'a' in the file"),
        ({"name": "a", "size": 3}, {"name": "a", "size": 4}, "batches.size is 4 here and 3 in the file"),
        (1, True, "batches is True here and 1 in the file"),
    ],
)
def test_a_stream_may_say_what_it_holds(path, make, mine, other, words):
    run(path, Stream(Y, make(mine)), None)
    run(path, Stream(Y, make(mine)), None, epochs=4)
    refused(path, words, Stream(Y, make(other)), None)


@pytest.mark.parametrize("value", [[1, 2], float("nan"), np.float64(np.inf), b"ab", {"a": X}])
def test_a_fingerprint_of_another_kind_is_refused(path, value):
    with pytest.raises(TypeError, match="the fingerprint of Stream must be a str, a number or a dict of these, got"):
        run(path, Stream(Y, value), None)


@pytest.mark.parametrize("value", [np.float64(1.5), np.int32(3), np.str_("a"), np.bool_(True)])
def test_a_fingerprint_may_be_a_number_of_numpy(path, value):
    run(path, Stream(Y, value), None)
    run(path, Stream(Y, value.item()), None, epochs=4)
    refused(path, "batches is 7 here", Stream(Y, np.int64(7)), None)


def test_a_stream_without_a_fingerprint_goes_on_and_the_screen_says_so(path, capsys):
    run(path, Stream(Y), None)
    capsys.readouterr()
    run(path, Stream(1 - Y), None, epochs=4)
    assert "its batches have no fingerprint, so whether they are the same is not known" in capsys.readouterr().err


def test_a_list_of_batches_is_compared(path):
    batches = [(X[:20], Y[:20]), (X[20:], Y[20:])]
    run(path, batches, None)
    refused(path, "batches holds other values", [(x, 1 - y) for x, y in batches], None)
    refused(path, "batches is 1 batches here and 2 batches in the file", batches[:1], None)
    run(path, [(x.copy(), y.copy()) for x, y in batches], None, epochs=4)


def test_a_list_of_batches_without_weights_is_compared(path):
    run(path, [(X, Y, None)], None)
    refused(path, "batches holds other values", [(X, 1 - Y, None)], None)


def test_block_shuffle_is_compared(path):
    def source(y=Y, **arguments):
        return f.BlockShuffle(X, y, **{"batch_size": 8, "block": 4, "blocks": 3, "seed": 1} | arguments)

    run(path, source(), None)
    refused(path, r"batches.y holds other values", source(1 - Y), None)
    for name in ("batch_size", "block", "blocks", "seed"):
        refused(path, f"batches.{name} is 5 here", source(**{name: 5}), None)
    refused(path, "batches.sample_weight is given here", source(sample_weight=WEIGHT), None)
    whole = model().fit(source(), epochs=5)
    assert np.array_equal(run(path, source(), None, epochs=5).network.params, whole.network.params)


def test_block_shuffle_without_a_seed_cannot_be_resumed_and_says_so(path):
    source = f.BlockShuffle(X, Y, 8)
    with pytest.raises(ValueError, match=r"BlockShuffle needs its seed: BlockShuffle\(..., seed=0\).*resume=False"):
        run(path, source, None)
    run(None, source, None, saving=Checkpoint(path, resume=False))


def test_validation_blocks_need_no_seed_and_have_no_order(path):
    def blocks(y=Y, **arguments):
        return f.BlockShuffle(X, y, 8, **arguments)

    run(path, validation_data=blocks())
    whole = model().fit(X, Y, epochs=5, batch_size=8, validation_data=blocks(block=2))
    assert run(path, validation_data=blocks(), epochs=5).history == whole.history
    refused(path, "validation batches.y holds other values", validation_data=blocks(1 - Y), epochs=6)


def test_weights_given_to_a_model_without_a_seed_are_not_compared_and_the_screen_says_so(path, capsys):
    def given():
        network = model(seed=None).build(3)
        network.set_weights(changed_weights().get_weights())
        return network

    run(path, network=given())
    run(path, network=given())
    assert "no seed, so whether it began with the same weights is not known" in capsys.readouterr().err
    run(path, network=model(seed=None))
    assert "began with" not in capsys.readouterr().err


# A file for each run


def test_each_run_has_a_file_of_its_own(tmp_path):
    def file(x=X, y=Y, *callbacks, **arguments):
        saving = Checkpoint(tmp_path / "run-{run}.npz")
        run(None, x, y, *callbacks, saving=saving, **arguments)
        return saving.file

    first = file()
    assert first.startswith(str(tmp_path / "run-"))
    others = [
        file(y=1 - Y),
        file(epochs=4),
        file(batch_size=9),
        file(network=model(seed=4)),
        file(network=changed_weights()),
        file(X, Y, EarlyStopping("loss", patience=2)),
        file(X, Y, EarlyStopping("loss", patience=3)),
        file(network=model().fit(X, Y, batch_size=8)),
    ]
    assert len({first, *others}) == len(list(tmp_path.iterdir())) == 9
    assert first == file()
    assert first == file(verbose=2)


def test_the_data_does_not_outlive_the_fit(path):
    saving = Checkpoint(path)
    run(path, saving=saving)
    assert "data" not in saving.params


@pytest.mark.parametrize("name", ["a-{b}.npz", "{run}.npz", "{}", "epoch.npz", "{0:3}.npz"])
def test_other_braces_are_part_of_the_name(name):
    assert Checkpoint(name).path == name
