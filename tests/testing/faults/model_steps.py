"""Models with a step, a fit or a prediction of their own."""

import numpy as np

from faults import Quiet
from faults.models import X, Y, add
from framework import SGD, Adam, Dense, Model
from framework.schedules import Cosine

MIXED = {"X": X, "y": Y, "epochs": 2}


def layers(**options):
    return [Dense(4, "tanh", **options), Dense(2)]


class Usual(Quiet, Model):
    """A step as in the documentation, with what it forgets or adds between gradients and update."""

    def train_step(self, x, y, weight=None):
        loss = self.compute_gradients(x, y, weight)
        self.move(self.network.trainable_params, self.network.trainable_grads)
        return loss

    def move(self, params, grads):
        self.optimizer_.apply(params, grads)


class Stays(Usual):
    def move(self, params, grads):
        pass


class Climbs(Usual):
    def move(self, params, grads):
        params += 0.1 * grads


class ByHand(Usual):
    def move(self, params, grads):
        params -= 0.1 * grads


class ThawsAll(Usual):
    def move(self, params, grads):
        self.network.params[...] *= 0.99


class OwnMomentum(Usual):
    velocity = 0.0

    def move(self, params, grads):
        self.velocity = 0.9 * self.velocity + grads
        self.optimizer_.apply(params, np.copy(self.velocity))


class KeepsViews(Usual):
    kept = ()

    def move(self, params, grads):
        self.kept = (*self.kept, grads)
        if len(self.kept) == 4:
            self.optimizer_.apply(params, np.mean(self.kept, axis=0))
            self.kept = ()


class Accumulates(KeepsViews):
    def move(self, params, grads):
        super().move(params, grads.copy())


class Rates(Usual):
    def move(self, params, grads):
        self.optimizer_.set_params(learning_rate=0.01)
        super().move(params, grads)


class SumOfLosses(Quiet, Model):
    def train_step(self, x, y, weight=None):
        return len(x) * super().train_step(x, y, weight)


class DropsWeights(Quiet, Model):
    def train_step(self, x, y, weight=None):
        return super().train_step(x, y)


class Negates(Quiet, Model):
    def compute_gradients(self, x, y, weight=None):
        loss = super().compute_gradients(x, y, weight)
        self.network.grads *= -1
        return loss


class Mixes(Quiet, Model):
    def __init__(self, layers, *, alpha=0.2, **common):
        super().__init__(layers, **common)
        self.alpha = alpha

    def train_step(self, x, y, weight=None):
        draw = np.random.default_rng((self.seed or 0, self.optimizer_.step))
        share, order = draw.beta(self.alpha, self.alpha), draw.permutation(len(x))
        x, y = (share * each + (1 - share) * each[order] for each in (x, y))
        weight = None if weight is None else share * weight + (1 - share) * weight[order]
        return super().train_step(x, y, weight)


class DropsCommon(Quiet, Model):
    def __init__(self, layers, loss="mse", **common):
        super().__init__(layers, loss=loss)


class DropsArguments(Quiet, Model):
    def fit(self, X, y=None, epochs=1, **arguments):
        return super().fit(X, y, epochs=epochs)


class ReturnsNothing(Quiet, Model):
    def fit(self, X, y=None, **arguments):
        super().fit(X, y, **arguments)


class Standardizes(Quiet, Model):
    def predict(self, X, batch_size=None, verbose=0):
        return super().predict((X - X.mean(axis=0)) / (X.std(axis=0) + 1e-9), batch_size, verbose)


class Labels(Quiet, Model):
    def predict(self, X, batch_size=None, verbose=0):
        return super().predict(X, batch_size, verbose).argmax(axis=1)


class Remembers(Quiet, Model):
    last = None

    def predict(self, X, batch_size=None, verbose=0):
        if self.last is None or len(self.last) != len(X):
            self.last = super().predict(X, batch_size, verbose)
        return self.last


class Views(Quiet, Model):
    def get_weights(self):
        return list(self.network.views.values())


class SharedList(Usual):
    kept = []

    def move(self, params, grads):
        self.kept.append(grads.copy())
        if len(self.kept) == 4:
            self.optimizer_.apply(params, np.mean(self.kept, axis=0))
            self.kept.clear()


class InPhases(Quiet, Model):
    def fit(self, X, y=None, *, epochs=1, **arguments):
        for _ in range(epochs):
            super().fit(X, y, epochs=1, **arguments)
        return self


class ScoresByFitting(Quiet, Model):
    def score(self, X, y=None, sample_weight=None):
        return self.fit(X, y).evaluate(X, y)["loss"]


add(None, layers(), Accumulates)
add(None, layers(), Mixes, data=MIXED, seed=3)
add(None, layers(), Labels, optimizer=Adam(0.01))
add(None, layers(), ByHand)  # with no optimizer given, there is none to be left out
add(None, layers(), InPhases)
add("no parameter changed.*no update", layers(), Stays)
add("the loss rises.*sign is wrong", layers(), Climbs)
add("Adam.*made no step", layers(), ByHand, optimizer=Adam(0.01))
add("frozen 0.W.*trainable_params", layers(), ThawsAll)
add("self.velocity is not in the file", layers(), OwnMomentum)
add("self.kept holds the same array", layers(), KeepsViews)
add("schedule is no longer in force", layers(), Rates, optimizer=SGD(Cosine(0.1, 100)))
add(r"not in force.*network.constrain\(\)", layers(weight_constraint="unit_norm"), Usual)
add("the batch size: a sum where a mean belongs", layers(), SumOfLosses)
add("sample weights are dropped", layers(), DropsWeights)
add("the loss rises.*sign is wrong", layers(), Negates)
add(r"\*\*common is dropped", layers(), DropsCommon)
add("drops arguments", layers(), DropsArguments)
add("returned None, expected the model", layers(), ReturnsNothing)
add("depends on the others", layers(), Standardizes)
add("score must not train", layers(), ScoresByFitting)
add("computed for other samples", layers(), Remembers)
add("get_weights: the arrays are the model's own", layers(), Views)
add("fit is not reproducible|state: SharedList.kept", layers(), SharedList)
