"""An ordinary training script, and a server that runs it in processes for a test to kill."""

import os
import sys
from hashlib import sha256

import numpy as np

import framework as f
from framework.callbacks import Checkpoint, CSVLogger, EarlyStopping, LearningRateLogger, ReduceLROnPlateau
from framework.schedules import Exponential

EPOCHS = 60


def watching(patience):
    return [EarlyStopping(patience=patience), LearningRateLogger()]


def dropping():
    return ReduceLROnPlateau("loss", patience=2, factor=0.7, cooldown=1, min_learning_rate=1e-4)


RUNS = {
    "momentum": lambda: (f.SGD(0.02, momentum=0.9, nesterov=True), [*watching(10**6), dropping()]),
    "adam": lambda: (f.Adam(0.01, clip_norm=1.0, weight_decay=1e-3), [dropping(), *watching(4)]),
    "schedule": lambda: (f.SGD(Exponential(0.05, 0.999), momentum=0.5), watching(10**6)),
}


def train(run, path=None, epochs=EPOCHS, **arguments):
    """Train as `run` says, with a checkpoint at `path` if there is one, and return the model."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(60, 4)).astype(np.float32)
    y = np.sin(X.sum(axis=1, keepdims=True))
    optimizer, callbacks = RUNS[run]()
    layers = [f.Dense(8, "tanh"), f.BatchNormalization(), f.Dropout(0.2), f.Dense(4, "relu"), f.Dense(1)]
    model = f.Model(layers, optimizer=optimizer, metrics=["mae"], seed=11)
    if path is not None:
        callbacks = [Checkpoint(path, **arguments), CSVLogger(f"{path}.csv"), *callbacks]
    return model.fit(X, y, epochs=epochs, batch_size=8, validation_split=0.2, callbacks=callbacks)


def digest(model):
    return sha256(model.network.params.tobytes() + repr(model.history.to_dict()).encode()).hexdigest()


def say(*words):
    """Write a line in one piece, so that a kill cannot cut it."""
    os.write(1, f"{' '.join(map(str, words))}\n".encode())


def serve():
    """For each line "run path" fork a process that trains; at the next line, say how it ended."""
    for line in sys.stdin:
        run, path = line.split()
        pid = os.fork()
        if pid == 0:
            say(os.getpid())
            say("digest", digest(train(run, path)))
            os._exit(0)
        sys.stdin.readline()
        say("ended", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


if __name__ == "__main__":
    serve()
