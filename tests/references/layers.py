"""Record layers.json with PyTorch and Keras: ``KERAS_BACKEND=torch python tests/references/layers.py``.

Each case holds a layer's class and arguments, its parameters, and one step or several, each with an input, the gradient
given at the output, and what comes out: y, dx and the gradients of the parameters; where the layer learns by itself,
also the state after the step. Steps of which only y is recorded are inference.

PyTorch computes everything but the running mean and variance of batch normalisation, and what inference makes of them:
these are Keras' (PyTorch divides the running variance by one less than the number of elements), which are exact to
float32 only. PyTorch's axis of features is the second one there, ours and Keras' the last. FeatureCross, which neither
has, is written with PyTorch's elementary operations and differentiated by it.
"""

import json
from pathlib import Path

import keras
import numpy as np
import torch
from torch.nn import functional as F

RNG = np.random.default_rng(0)


def normal(*shape, mean=0.0, stddev=1.0):
    """Return a tensor to be differentiated by."""
    return torch.tensor(mean + stddev * RNG.normal(size=shape), requires_grad=True)


def step(f, x, parameters):
    """Return input, output and gradients of ``f(x)``, for a random gradient at the output."""
    y = f(x)
    grad = torch.tensor(RNG.normal(size=tuple(y.shape)))
    wanted = [tensor for tensor in (x, *parameters.values()) if tensor.requires_grad]
    gradients = torch.autograd.grad(y, wanted, grad)
    dx = gradients[0].tolist() if x.requires_grad else None
    names = [f"d{name}" for name, tensor in parameters.items() if tensor.requires_grad]
    own = dict(zip(names, [gradient.tolist() for gradient in gradients[-len(names) :]] if names else [], strict=True))
    return {"x": x.tolist(), "grad": grad.tolist(), "y": y.tolist(), "dx": dx, **own}


def case(layer, arguments, parameters, steps):
    """Return one case of the file."""
    values = {name: tensor.tolist() for name, tensor in parameters.items()}
    return {"layer": layer, "arguments": arguments, "parameters": values, "steps": steps}


def batch_normalization(shape, momentum, epsilon):
    """Return a case of three training steps and one of inference."""
    features = shape[-1]
    gamma, beta = normal(features, mean=1.0), normal(features)
    layer = keras.layers.BatchNormalization(momentum=momentum, epsilon=epsilon, dtype="float64")
    layer.build(shape)
    layer.gamma.assign(gamma.detach())
    layer.beta.assign(beta.detach())

    def train(x):
        return F.batch_norm(x.movedim(-1, 1), None, None, gamma, beta, training=True, eps=epsilon).movedim(1, -1)

    def state():
        return {name: layer_state.numpy().tolist() for name, layer_state in states.items()}

    states = {"mean": layer.moving_mean, "variance": layer.moving_variance}
    first = {"gamma": gamma, "beta": beta, **{name: torch.tensor(values) for name, values in state().items()}}
    steps = []
    for _ in range(3):
        x = normal(*shape, mean=2.0, stddev=3.0)
        layer(x, training=True)
        steps.append({**step(train, x, {"gamma": gamma, "beta": beta}), "state": state()})
    x = normal(*shape, mean=2.0, stddev=3.0)
    steps.append({"x": x.tolist(), "y": layer(x, training=False).tolist()})
    return case("BatchNormalization", {"momentum": momentum, "epsilon": epsilon}, first, steps)


def cases():
    """Yield the cases."""
    for activation in ("linear", "tanh", "softplus", "softmax"):
        W, b = normal(3, 5), normal(3)
        f = {"linear": torch.clone, "softmax": lambda z: torch.softmax(z, -1)}.get(activation) or getattr(F, activation)
        steps = [step(lambda x, f=f, W=W, b=b: f(F.linear(x, W, b)), normal(4, 5), {"W": W, "b": b})]
        yield case("Dense", {"units": 3, "activation": activation}, {"W": W, "b": b}, steps)

    yield batch_normalization((6, 4), 0.9, 1e-5)
    yield batch_normalization((3, 5, 2), 0.7, 1e-3)

    for shape in ((5, 4), (2, 3, 4)):
        gamma, beta = normal(shape[-1], mean=1.0), normal(shape[-1])
        steps = [
            step(
                lambda x, gamma=gamma, beta=beta: F.layer_norm(x, gamma.shape, gamma, beta, 1e-3),
                normal(*shape, mean=2.0),
                {"gamma": gamma, "beta": beta},
            )
        ]
        yield case("LayerNormalization", {"epsilon": 1e-3}, {"gamma": gamma, "beta": beta}, steps)
        steps = [
            step(
                lambda x, gamma=gamma: F.rms_norm(x, gamma.shape, gamma, 1e-3),
                normal(*shape, mean=2.0),
                {"gamma": gamma},
            )
        ]
        yield case("RMSNormalization", {"epsilon": 1e-3}, {"gamma": gamma}, steps)

    for ids_shape in ((6,), (4, 5)):
        W = normal(7, 3)
        ids = torch.tensor(RNG.integers(0, 7, ids_shape))
        steps = [step(lambda x, W=W: F.embedding(x, W), ids, {"W": W})]
        yield case("Embedding", {"vocabulary": 7, "units": 3}, {"W": W}, steps)

    W, b = normal(4, 4), normal(4)
    steps = [step(lambda x: x * (x @ W.T + b) + x, normal(5, 4), {"W": W, "b": b})]
    yield case("FeatureCross", {}, {"W": W, "b": b}, steps)


def alpha_dropout(rate, x):
    """Return the two values that PyTorch's alpha dropout makes of the number `x`, in order."""
    torch.manual_seed(0)
    return sorted(set(F.alpha_dropout(torch.full((1000,), x, dtype=torch.float64), rate, training=True).tolist()))


if __name__ == "__main__":
    pairs = [{"rate": rate, "x": x, "values": alpha_dropout(rate, x)} for rate in (0.05, 0.4) for x in (1.0, -0.3)]
    versions = {"torch": torch.__version__, "keras": keras.__version__}
    data = {**versions, "cases": [*cases()], "alpha_dropout": pairs}
    text = json.dumps(data, separators=(",", ":")).replace('{"layer"', '\n{"layer"')
    (Path(__file__).parent / "layers.json").write_text(text + "\n")
