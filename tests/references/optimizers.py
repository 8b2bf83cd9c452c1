"""Record optimizers.json with PyTorch, Lion with Keras: ``KERAS_BACKEND=torch python tests/references/optimizers.py``.

Each case holds an optimizer's name and arguments, and the parameters after each of ten steps along given gradients, in
float64. The start and the gradients are recorded once, and the learning rates of PyTorch's schedulers too.
"""

import json
from pathlib import Path

import keras
import numpy as np
import torch
from torch import optim
from torch.optim import lr_scheduler

STEPS = 10
torch.set_default_dtype(torch.float64)
keras.config.set_floatx("float64")
NAMES = {"learning_rate": "lr", "epsilon": "eps", "rho": "alpha"}


def torch_arguments(arguments, renamed=NAMES):
    """Return PyTorch's arguments for ours."""
    arguments = dict(arguments)
    if {"beta_1", "beta_2"} & set(arguments):
        arguments["betas"] = (arguments.pop("beta_1", 0.9), arguments.pop("beta_2", 0.999))
    return {renamed.get(name, name): value for name, value in arguments.items()}


def torch_trajectory(make, start, gradients, gamma=None):
    """Return the parameters after each step of a torch optimizer."""
    params = torch.nn.Parameter(torch.tensor(start))
    optimizer = make([params])
    scheduler = lr_scheduler.ExponentialLR(optimizer, gamma) if gamma else None
    trajectory = []
    for gradient in gradients:
        params.grad = torch.tensor(gradient)
        optimizer.step()
        if scheduler:
            scheduler.step()
        trajectory.append(params.detach().tolist())
    return trajectory


def lion_trajectory(arguments, start, gradients):
    """Return the parameters after each step of Keras' Lion."""
    params = keras.Variable(np.array(start))
    optimizer = keras.optimizers.Lion(**arguments)
    trajectory = []
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(np.array(gradient))], [params])
        trajectory.append(keras.ops.convert_to_numpy(params).tolist())
    return trajectory


def torch_cases():
    """Yield our name, PyTorch's class, its fixed arguments, and our arguments, a dict for each case."""
    yield (
        "sgd",
        optim.SGD,
        {"lr": 0.01},
        (
            {},
            {"learning_rate": 0.1, "momentum": 0.9},
            {"learning_rate": 0.05, "momentum": 0.8, "nesterov": True},
            {"learning_rate": 0.05, "momentum": 0.9, "weight_decay": 0.1},
        ),
    )
    yield "adagrad", optim.Adagrad, {}, ({}, {"learning_rate": 0.3, "epsilon": 0.01}, {"weight_decay": 0.2})
    yield (
        "rmsprop",
        optim.RMSprop,
        {},
        (
            {},
            {"rho": 0.9, "epsilon": 0.01},
            {"centered": True},
            {"centered": True, "momentum": 0.9, "rho": 0.8},
            {"momentum": 0.5, "weight_decay": 0.1},
        ),
    )
    yield (
        "adadelta",
        optim.Adadelta,
        {},
        (
            {},
            {"learning_rate": 0.5, "rho": 0.95, "epsilon": 0.001},
            {"weight_decay": 0.3},
        ),
    )
    settings = (
        {},
        {"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 0.01},
        {"beta_1": 0.0, "beta_2": 0.5},
        {"learning_rate": 0.05, "weight_decay": 0.2},
    )
    yield "adam", optim.Adam, {}, settings
    yield "amsgrad", optim.Adam, {"amsgrad": True}, settings
    yield "adamw", optim.AdamW, {}, settings
    yield "adamax", optim.Adamax, {}, settings
    yield "nadam", optim.NAdam, {}, (*settings, {"momentum_decay": 0.5})
    yield "radam", optim.RAdam, {}, settings


def schedules():
    """Yield our name and arguments, the number of steps, and a function that makes a torch optimizer's scheduler."""
    rate = {"learning_rate": 0.1}
    yield "step", {**rate, "steps": 7, "factor": 0.3}, 30, lambda o: lr_scheduler.StepLR(o, 7, 0.3)
    yield "exponential", {**rate, "factor": 0.9}, 30, lambda o: lr_scheduler.ExponentialLR(o, 0.9)
    yield "polynomial", {**rate, "steps": 20}, 30, lambda o: lr_scheduler.PolynomialLR(o, 20)
    yield "polynomial", {**rate, "steps": 20, "power": 2.5}, 30, lambda o: lr_scheduler.PolynomialLR(o, 20, 2.5)
    yield "cosine", {**rate, "steps": 20, "end": 0.01}, 21, lambda o: lr_scheduler.CosineAnnealingLR(o, 20, 0.01)
    warm = lr_scheduler.CosineAnnealingWarmRestarts
    yield "cosine", {**rate, "steps": 6, "restarts": True}, 30, lambda o: warm(o, 6)
    growing = {**rate, "steps": 4, "end": 0.02, "restarts": True, "growth": 2}
    yield "cosine", growing, 61, lambda o: warm(o, 4, 2, 0.02)
    cycle = lr_scheduler.OneCycleLR
    yield "one_cycle", {**rate, "steps": 40}, 40, lambda o: cycle(o, 0.1, 40, cycle_momentum=False)
    divided = {**rate, "steps": 33, "warm_up": 0.45, "start_divisor": 10.0, "end_divisor": 100.0}
    yield (
        "one_cycle",
        divided,
        33,
        lambda o: cycle(o, 0.1, 33, pct_start=0.45, div_factor=10.0, final_div_factor=100.0, cycle_momentum=False),
    )
    pieces = {"boundaries": [3, 10], "values": [0.1, 0.02, 0.004]}
    yield "piecewise", pieces, 15, lambda o: lr_scheduler.MultiStepLR(o, [3, 10], 0.2)
    yield "warm_up", {"schedule": 0.1, "steps": 9}, 15, lambda o: lr_scheduler.LinearLR(o, 1 / 10, 1.0, 9)
    lam = lr_scheduler.LambdaLR
    yield "inverse_time", {**rate, "decay": 0.5, "steps": 4}, 30, lambda o: lam(o, lambda t: 1 / (1 + 0.5 * t / 4))


def rates(steps, make):
    """Return the learning rates of the first `steps` steps."""
    optimizer = optim.SGD([torch.nn.Parameter(torch.zeros(1))], 0.1)
    scheduler = make(optimizer)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def main():
    """Write optimizers.json."""
    rng = np.random.default_rng(5)
    start = rng.normal(size=6).tolist()
    gradients = rng.normal(size=(STEPS, 6)) * [1e-4, 0.1, 1, 1, 30, 1]
    gradients[:, 2] = 0.7
    gradients[:, 5] *= [0, 0, 1, 1, 0, 0, 0, 1, 0, 0]
    gradients = gradients.tolist()
    cases = []
    for name, cls, fixed, settings in torch_cases():
        for arguments in settings:
            renamed = {**NAMES, "rho": "rho"} if name == "adadelta" else NAMES
            given = {**fixed, **torch_arguments(arguments, renamed)}
            trajectory = torch_trajectory(lambda params, c=cls, g=given: c(params, **g), start, gradients)
            cases.append({"optimizer": name, "arguments": arguments, "trajectory": trajectory})
    for name, cls, arguments in (
        ("sgd", optim.SGD, {"momentum": 0.9}),
        ("sgd", optim.SGD, {"momentum": 0.9, "nesterov": True}),
        ("rmsprop", optim.RMSprop, {"momentum": 0.9}),
        ("adamw", optim.AdamW, {"weight_decay": 0.3}),
        ("nadam", optim.NAdam, {}),
    ):
        trajectory = torch_trajectory(lambda p, c=cls, a=arguments: c(p, lr=0.1, **a), start, gradients, gamma=0.7)
        case = {"optimizer": name, "arguments": arguments, "exponential": [0.1, 0.7], "trajectory": trajectory}
        cases.append(case)
    for arguments in (
        {"learning_rate": 0.001},
        {"learning_rate": 0.01, "beta_1": 0.7, "beta_2": 0.8},
        {"learning_rate": 0.1, "weight_decay": 0.3},
    ):
        trajectory = lion_trajectory(arguments, start, gradients)
        cases.append({"optimizer": "lion", "arguments": arguments, "trajectory": trajectory})
    recorded = {
        "torch": torch.__version__.partition("+")[0],
        "keras": keras.__version__,
        "start": start,
        "gradients": gradients,
        "cases": cases,
        "schedules": [
            {"schedule": name, "arguments": arguments, "rates": rates(steps, make)}
            for name, arguments, steps, make in schedules()
        ],
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(recorded, indent=None) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
