"""Programs as in the README: ``mypy --strict`` accepts them. They are not run."""

from typing import assert_type

import numpy as np

from framework import (
    SGD,
    Adam,
    BatchNormalization,
    Checkpoint,
    Concatenate,
    Dense,
    Dropout,
    EarlyStopping,
    Layer,
    Loss,
    Model,
    Optimizer,
    Parameter,
    Residual,
    Sequential,
)
from framework.activations import Activation, ReLU
from framework.callbacks import Callback
from framework.constraints import MaxNorm
from framework.datasets import load
from framework.initializers import Constant
from framework.losses import Huber
from framework.metrics import R2, Accuracy
from framework.plots import plot_confusion_matrix, plot_decision_surface, plot_history
from framework.regularizers import L2
from framework.schedules import Cosine
from framework.sklearn import NeuralClassifier, NeuralRegressor
from framework.testing import check_activation, check_layer
from tests.typing.components import (
    Accumulating,
    Box,
    Cauchy,
    Cubic,
    Gain,
    GradientNorm,
    HeavyBall,
    RowSum,
    Sharing,
    Sine,
    SquareRoot,
    Ternary,
    Within,
    largest_error,
)

X_train, y_train, X_valid, y_valid = load("reg-plane", noise=0.0, train_ratio=0.5, seed=0)
model = Model([Dense(3, "sigmoid"), Dense(1)], loss="half_squared_error", optimizer=SGD(0.02), metrics=["r2"], seed=0)
assert_type(model.fit(X_train, y_train, epochs=20, validation_data=(X_valid, y_valid), verbose=10), Model)
assert_type(model.history["loss"], list[float])
text: str = model.summary()
score: float = model.score(X_valid, y_valid)
print(text, score, model.predict(X_valid[:3]).shape, model.history["val_loss"][-1])

Model([Dense(8, "sine"), Sine(2.0), Sharing, Cubic(), Dense(1)])
Model([Dense(8, Sine), Dense(8, Sine(2.0)), "relu", ["gain", Gain()], (Dense(2), "tanh"), Dense(1, "softmax")])
Dense(3, "tanh", weight_initializer="ternary", bias_initializer=[0.1, 0.2, 0.3])
Dense(3, ReLU, Ternary(), Constant(0.1))
Dense(3, weight_initializer=np.ones((3, 2)), bias_initializer=[1, 2, 3], weight_regularizer=RowSum(0.1))
Dense(3, weight_initializer=[[1.0, 2.0], [3, 4], (5, 6)], weight_constraint=Box(2.0), bias_constraint=MaxNorm)
Dense(3, weight_regularizer=L2, name="hidden", trainable=False)
Model([Dense(1)], loss="cauchy")
Model([Dense(1)], loss=Cauchy(reduction="sum"), metrics=("r2", R2, largest_error, Within(0.05)))
Model([Dense(1)], loss=Huber, optimizer=HeavyBall(0.02, friction=0.2, clip_norm=1.0), dtype="float32")
Model([Dense(1)], optimizer=Adam, dtype=np.float32)
Model([Residual([Dense(2), "relu"]), Concatenate([Dense(2), "relu"]), Sequential([Dense(1)])], metrics=[Accuracy()])
Adam(1e-3, weight_decay=0.01)
SGD(SquareRoot(0.1), momentum=0.9)
SGD(Cosine(0.1, 100), momentum=0.9)
Parameter((3,), "ones", trainable=False, constraint="non_negative")

layers: list[Layer] = [Dense(16, "tanh"), BatchNormalization(), Dropout(0.1), Dense(1)]
names = ["relu", "tanh"]
callbacks = [EarlyStopping(patience=5), Checkpoint("run.npz"), GradientNorm()]
chosen: list[Callback] = [GradientNorm()]
mixed = ["relu", Dense(8), [Sine(), "tanh"], ReLU]
measured = ["r2", largest_error, Within(0.1)]
Model(mixed, metrics=measured).fit(X_train, y_train)
Residual(mixed)
Model([*mixed[:2], Dense(1)])
trained = Accumulating(layers, metrics=names, optimizer=Adam(0.01)).fit(X_train, y_train, callbacks=callbacks)
assert_type(trained, Accumulating)
trained.fit(X_train, y_train, epochs=3, callbacks=(GradientNorm(),), class_weight={0: 1.0, 1: 2.0})
trained.fit([(X_train, y_train), (X_train, y_train)], callbacks=chosen, verbose=True)
assert_type(Accumulating.load("run.npz"), Accumulating)
results = trained.evaluate(X_valid, y_valid)
print(results["loss"], trained.get_weights()[0].shape, trained.optimizer_.step, trained.network.params.size)

activation: Activation = Activation.of("sine")
loss: Loss = Loss.of(Cauchy)
optimizer: Optimizer = Optimizer.of(SGD(0.1))
print(activation(X_train), loss(y_train, y_train), optimizer.clone())
print(Sine(2.0)(X_train), Cubic()(X_train, out=np.empty_like(X_train)), Sine(2.0).derivative(X_train, X_train))
check_activation(Sine())
check_layer(Dense(3, Sine()), input_shape=(4,))

classifier = NeuralClassifier([Dense(8, "relu")], optimizer="adam", epochs=5, random_state=0).fit(X_train, y_train > 0)
NeuralClassifier([8, "batch_normalization", "tanh", Dropout(0.1)], output="softmax").fit(X_train, y_train > 0)
regressor = NeuralRegressor((8, 8), loss=Huber(1.0)).fit(X_train, y_train)
print(classifier.predict(X_valid), regressor.score(X_valid, y_valid))
plot_history(model.history, names=["loss"]).set_title("loss")
plot_decision_surface(classifier, X_train, y_train, limits=((-1, 1), (-1.0, 1.0)))
plot_confusion_matrix(classifier, X_valid, y_valid, normalize="true")
