"""PyTorch in eager mode: a module, an optimizer, and batches sliced by hand from shuffled tensors."""

from __future__ import annotations

from itertools import islice
from time import perf_counter
from typing import Any

import torch
from torch import nn

from benchmarks.peers.base import Peer
from benchmarks.workloads import Array, Workload

ACTIVATIONS = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}
OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
FORMS: dict[str, dict[str, Any]] = {
    "fused": {"fused": True},
    "foreach": {"foreach": True},
    "plain": {"foreach": False, "fused": False},
}
TRIAL_STEPS = 200


class Torch(Peer):
    """The fused optimizer in the first run; then the fastest of its three implementations in a short trial."""

    def __init__(self, work: Workload) -> None:
        super().__init__(work)
        self.form = "fused"
        self.note = f"optimizer: {self.form}"
        self.X, self.y = torch.from_numpy(work.X), torch.from_numpy(work.y)
        self.module = self._made()

    def _made(self) -> nn.Sequential:
        work = self.work
        values = iter(work.weights())
        modules: list[nn.Module] = []
        for inputs, units, activation in zip(work.sizes, work.sizes[1:], work.activations, strict=False):
            linear = nn.utils.skip_init(nn.Linear, inputs, units)
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(next(values)))
                linear.bias.copy_(torch.from_numpy(next(values)))
            modules.append(linear)
            if activation in ACTIVATIONS:
                modules.append(ACTIVATIONS[activation]())
        return nn.Sequential(*modules)

    def tune(self) -> None:
        seconds = {}
        for form in FORMS:
            self._train(form, 10)
            start = perf_counter()
            self._train(form, TRIAL_STEPS)
            seconds[form] = perf_counter() - start
        self.form = min(seconds, key=seconds.__getitem__)
        self.note = f"optimizer: {self.form}"

    def fit(self) -> float:
        return self._train(self.form, self.work.steps)

    def _train(self, form: str, steps: int) -> float:
        work = self.work
        self.module = module = self._made()
        optimizer = OPTIMIZERS[work.optimizer](module.parameters(), lr=work.rate, **FORMS[form])
        criterion = nn.CrossEntropyLoss() if work.output == "softmax" else nn.MSELoss()
        half = 1.0 if work.output == "softmax" else 0.5
        torch.manual_seed(0)
        batches = -(-len(self.X) // work.batch)
        loss_of_epoch = 0.0
        for done in range(0, steps, batches):
            order = torch.randperm(len(self.X))
            X, y = self.X[order], self.y[order]
            total = torch.zeros(())
            for start in islice(range(0, len(X), work.batch), steps - done):
                x_batch = X[start : start + work.batch]
                optimizer.zero_grad()
                loss = half * criterion(module(x_batch), y[start : start + work.batch])
                loss.backward()
                optimizer.step()
                total += loss.detach() * len(x_batch)
            loss_of_epoch = total.item() / len(X)
        return loss_of_epoch

    def predict(self, X: Array) -> Array:
        with torch.inference_mode():
            outputs = self.module(torch.from_numpy(X))
            return (outputs.softmax(1) if self.work.output == "softmax" else outputs).numpy()
