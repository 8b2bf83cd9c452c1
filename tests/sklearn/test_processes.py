"""Estimators and models in other processes: users' classes by name, names of built-in classes, what no pickle holds."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn.base", reason="the estimators are the extra `sklearn`")

from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from framework import Activation, Callback, Dense, Loss, Model
from framework.sklearn import NeuralRegressor

cloudpickle = pytest.importorskip("cloudpickle")
X = np.random.default_rng(0).normal(size=(60, 3))
Y = X[:, 0]


def run(code: str, *arguments: str) -> str:
    """Return what a program prints; its ``__main__`` is not this one."""
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_two_processes_find_what_one_finds_with_classes_of_main():
    program = Path(__file__).with_name("workers.py")
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    one, two = json.loads(done.stdout)
    assert one == two
    assert {name for names in two["built-in there"] for name in names} == set(two["built-in here"])
    assert all(name.startswith("framework.") for name in two["built-in here"])
    assert np.isfinite(two["by name"]).all()


CLASSES = """
import sys
import cloudpickle
import numpy as np
from framework import Activation, Dense, Model

class Doubled(Activation, aliases=["twice"]):
    def __call__(self, z): return 2 * z
    def derivative(self, z, a): return np.full_like(z, 2)

class ReLU(Activation, registered=False):
    def __call__(self, z): return -z
    def derivative(self, z, a): return -np.ones_like(z)

class Tanh(ReLU, name="minus"):
    pass

class Sigmoid(ReLU):
    pass
"""


def sent(expression: str, path: Path, dump: str = "cloudpickle.dump") -> str:
    """Pickle an expression in another process, and return the path of the file."""
    run(f"{CLASSES}\nimport pickle\nwith open(sys.argv[1], 'wb') as file: {dump}({expression}, file)", str(path))
    return str(path)


LOADED = """
import pickle, sys
from framework import Activation, Model
with open(sys.argv[1], "rb") as file: value = pickle.load(file)
"""


@pytest.mark.parametrize(
    ("expression", "code", "printed"),
    [
        # Not registered, or under another name: the built-in class keeps its own.
        ("ReLU()", "print(type(Activation.of('relu')).__module__)", "framework.activations.rectifiers"),
        ("Tanh()", "print(type(Activation.of('tanh')).__module__)", "framework.activations.sigmoidal"),
        ("Tanh()", "print(Activation.of('minus').component_name, type(value).component_name)", "minus minus"),
        # A name of another process is known, in arguments and in what is built later, aliases too.
        (
            "Dense(2, 'twice')",
            "print(type(Activation.of('twice')).__name__, Activation.known('doubled'))",
            "Doubled True",
        ),
        ("Model([Dense(1, 'doubled', 'ones')]).build(1)", "print(value.predict([[3.0]]))", "[[6.]]"),
        ("Model([Dense(1, 'doubled', 'ones')])", "print(value.build(1).predict([[3.0]]))", "[[6.]]"),
        # What took over a built-in name there stands for that name.
        ("Model([Dense(1, 'sigmoid', 'ones')])", "print(value.build(1).predict([[3.0]]))", "[[-3.]]"),
        # A class of the program's own comes first.
        (
            "Dense(2, 'doubled')",
            "class Doubled(Activation): pass\nprint(Activation.named('doubled') is Doubled)",
            "True",
        ),
        # A pickle of a pickle.
        (
            "Model([Dense(1, 'twice', 'ones')])",
            "print(pickle.loads(pickle.dumps(value)).build(1).predict([[3.0]]))",
            "[[6.]]",
        ),
    ],
)
def test_classes_behind_names_are_carried_along(tmp_path, expression, code, printed):
    assert run(LOADED + code, sent(expression, tmp_path / "pickle")) == printed


def test_a_plain_pickle_holds_names_as_before(tmp_path):
    path = sent("Model([Dense(1, 'doubled')])", tmp_path / "pickle", "sys.modules.pop('cloudpickle'); pickle.dump")
    code = "try: value.build(1)\nexcept ValueError as error: print(error)"
    assert "Doubled was defined in __main__ of another process, and a plain pickle does not hold it" in run(
        LOADED + code, path
    )


def test_the_module_of_a_class_is_imported_when_its_name_is_used(tmp_path):
    (tmp_path / "threefold.py").write_text(
        "from framework import Activation\nclass Threefold(Activation):\n"
        "    def __call__(self, z): return 3 * z\n    def derivative(self, z, a): return 0 * z + 3\n"
    )
    there = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
    path = str(tmp_path / "pickle")
    run(
        f"{there}import pickle, threefold; from framework import Dense, Model\n"
        f"with open({path!r}, 'wb') as file: pickle.dump(Model([Dense(1, 'threefold', 'ones')]), file)"
    )
    code = "print('threefold' in sys.modules, value.build(1).predict([[1.0]]), 'threefold' in sys.modules)"
    assert run(there + LOADED + code, path) == "False [[3.]] True"


def test_a_class_that_cannot_be_sent_says_so_where_its_name_is_used(tmp_path):
    code = """
import threading
lock = threading.Lock()
class Locked(Activation):
    def __call__(self, z):
        with lock: return z
"""
    path = str(tmp_path / "pickle")
    run(f"{CLASSES}{code}\nwith open({path!r}, 'wb') as file: cloudpickle.dump(Model([Dense(1, 'tanh')]), file)")
    assert run(LOADED + "print(value.build(1).built)", path) == "True"
    printed = run(LOADED + "try: Activation.of('locked')\nexcept ValueError as error: print(error)", path)
    assert printed.startswith("Locked was defined in __main__ of another process and could not be sent along: ")
    assert "lock" in printed


@pytest.mark.usefixtures("restored_registry")
class TestOneProcess:
    def test_a_pickle_changes_no_name(self):
        class Twin(Activation):
            pass

        data = cloudpickle.dumps(Model([Dense(1, "twin"), Dense(1)]))
        first = Twin

        class Twin(Activation):  # type: ignore[no-redef]
            pass

        pickle.loads(data)
        assert Activation.named("twin") is Twin is not first

    def test_a_class_that_is_not_registered_stays_so(self):
        class ReLU(Activation, registered=False):
            pass

        class Tanh(Activation, name="another"):
            pass

        for cls in (ReLU, Tanh):
            assert cloudpickle.loads(cloudpickle.dumps(cls)) is cls
        assert type(Activation.of("relu")).__module__ == "framework.activations.rectifiers"
        assert type(Activation.of("tanh")).__module__ == "framework.activations.sigmoidal"
        assert Activation.named("another") is Tanh

    def test_a_class_made_anew_from_its_namespace_keeps_its_names(self):
        class Old(Activation, name="older", aliases=["oldest"]):
            pass

        namespace = {name: value for name, value in vars(Old).items() if name not in ("__dict__", "__weakref__")}
        new = type("Old", (Activation,), namespace)
        assert Activation.named("older") is Activation.named("oldest") is new
        assert not Activation.known("old")


class Counting(Callback):
    def __init__(self, sink=None):
        self.lock = threading.Lock()
        self.sink = sink
        self.seen: list[int] = []
        self.nested = {"locks": [self.lock], "values": [1]}

    def on_epoch_end(self, epoch, logs=None):
        with self.lock:
            self.seen.append(epoch)


class Reopening(Counting):
    def __getstate__(self):
        return {name: value for name, value in vars(self).items() if name not in ("lock", "nested")}

    def __setstate__(self, state):
        vars(self).update(state)
        self.lock = threading.Lock()
        self.nested = {}


def estimator(*callbacks):
    return NeuralRegressor([4], epochs=3, callbacks=list(callbacks), random_state=0)


def test_a_callback_with_a_lock_works_and_each_fit_has_its_own(tmp_path):
    with open(tmp_path / "log", "w") as file:
        given = Counting(file)
        original = estimator(given)
        fitted = clone(original).fit(X, Y)
        assert fitted.callbacks_[0].seen == [0, 1, 2]
        assert fitted.callbacks_[0].lock is given.lock
        assert fitted.callbacks_[0].sink is file
        assert fitted.callbacks[0].nested["values"] is not given.nested["values"]
        assert fitted.callbacks[0].nested["locks"][0] is given.lock
        assert given.seen == fitted.callbacks[0].seen == []
        assert len(cross_val_score(original, X, Y, cv=2, error_score="raise")) == 2
        assert copy.deepcopy(fitted).callbacks_[0].seen == [0, 1, 2]


def test_the_error_in_other_processes_names_callback_and_attribute(tmp_path):
    with pytest.raises(TypeError, match=r"^Counting\.lock is .*lock.*cannot pickle '_thread\.lock'.*__getstate__"):
        pickle.dumps(estimator(Counting()))
    with open(tmp_path / "log", "w") as file, pytest.raises(TypeError, match=r"^Counting\.lock"):
        cloudpickle.dumps(estimator(Counting(file)).fit(X, Y))
    with pytest.raises(Exception, match="pickle") as error:
        cross_val_score(estimator(Counting()), X, Y, cv=2, n_jobs=2)
    assert "Counting.lock is" in str(error.value.__cause__)


def test_the_error_names_what_is_deep_inside():
    class Sink:
        def __init__(self):
            self.parts = [{"lock": threading.Lock()}]

    class Quiet(Callback):
        def __init__(self, sink):
            self.sink = sink

    class Strange(Loss, registered=False):
        def __init__(self, lock, **common):
            super().__init__(**common)
            self.lock = lock

    with pytest.raises(TypeError, match=r"^Quiet\.sink\.parts\[0\]\['lock'\] is"):
        cloudpickle.dumps(Quiet(Sink()))
    with pytest.raises(TypeError, match=r"^Strange\.lock is"):
        cloudpickle.dumps(Model([Dense(1)], loss=Strange(threading.Lock())))
    assert clone(Model([Dense(1)], loss=Strange(threading.Lock()))).loss.lock


def test_a_callback_that_leaves_its_lock_out_of_pickles_trains_elsewhere():
    original = estimator(Reopening())
    assert pickle.loads(pickle.dumps(original)).fit(X, Y).callbacks_[0].seen == [0, 1, 2]
    one = cross_val_score(original, X, Y, cv=2)
    np.testing.assert_array_equal(cross_val_score(original, X, Y, cv=2, n_jobs=2, error_score="raise"), one)
