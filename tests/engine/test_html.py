"""Tables for prompts and notebooks: of a summary, a model and a history."""

import copy
import math
import pickle
import re
import sys
from html.parser import HTMLParser
from types import ModuleType

import numpy as np
import pytest

from framework import SGD, Dense, History, Model
from framework.engine.html import history_html

X, Y = np.arange(12.0).reshape(6, 2) / 12, np.arange(6.0).reshape(6, 1) / 6


class Cells(HTMLParser):
    """The cells of the rows of a document, which must be well formed and without scripts."""

    def __init__(self, document):
        super().__init__()
        self.rows: list[list[str]] = []
        self.open: list[str] = []
        self.feed(document)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "style", "link", "img")
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] in (["td"], ["th"]):
            self.rows[-1][-1] += data


def model(**arguments):
    layers = [Dense(3, "sigmoid", name="<b>&hidden"), [Dense(2), "relu"], Dense(1)]
    return Model(layers, optimizer=SGD(0.1), seed=0, **arguments)


def test_a_summary_is_shown_as_a_table_wherever_its_value_is():
    summary = model().build(2).summary()
    assert issubclass(type(summary), str)
    assert repr(summary) == str(summary) == f"{summary}"
    assert "\\n" not in repr(summary)
    rows = Cells(summary._repr_html_()).rows
    lines = [re.split(r"  +", line.strip()) for line in summary.splitlines() if not line.startswith(("-", "Total"))]
    assert [[cell.strip() for cell in row] for row in rows] == lines
    assert summary.splitlines()[-1] in summary._repr_html_()


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_a_copy_of_a_summary_is_a_table_too(copied):
    summary = model().build(2).summary()
    assert copied(summary) == summary
    assert copied(summary)._repr_html_() == summary._repr_html_()


def test_a_model_shows_its_layers_before_and_after_it_is_built():
    new = model(metrics=["r2"])
    before = new._repr_html_()
    assert "not built" in before
    assert "&lt;b&gt;&amp;hidden" in before
    assert "r2" in before
    assert not Cells(before).rows
    after = new.fit(X, Y, epochs=3)._repr_html_()
    assert len(Cells(after).rows) == 6
    assert "trained for 3 epochs" in after
    assert "<b>&" not in after


def test_a_model_in_a_pipeline_is_shown():
    pytest.importorskip("sklearn.base", reason="the estimators are the extra `sklearn`")
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    assert "Model" in make_pipeline(StandardScaler(), model())._repr_html_()


def test_a_history_shows_the_first_the_best_and_the_last_epochs():
    history = History()
    for epoch in range(1, 101):
        history.append(epoch, {"loss": 1 / epoch, "val_loss": (epoch - 40) ** 2 + 1.0})
    document = history._repr_html_()
    rows = Cells(document).rows
    assert rows[0] == ["epoch", "loss", "val_loss"]
    assert [row[0] for row in rows[1:]] == ["1", "2", "3", "…", "40", "…", "98", "99", "100"]
    assert rows[5] == ["40", "0.025", "1"]
    bold = [row for row in re.findall(r"<tr>.*?</tr>", document) if "bold" in row]
    assert len(bold) == 1
    assert ">40<" in bold[0]
    assert document.count("<polyline") == 2
    assert len(document) < 10_000


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"loss": [1.0]},
        {"loss": [1.0, 1.0]},
        {"loss": [math.nan, math.inf]},
        {"loss": [1.0, math.nan, 0.5], "val_loss": [math.nan, 2.0, math.nan]},
        {"loss": [1e308, -1e308]},
        {"accuracy": [0.1, 0.2]},
        {"<i>": [0.1, 0.2]},
        {"loss": np.linspace(2, 1, 20_000).tolist()},
    ],
)
def test_any_history_is_shown(columns):
    epochs = range(1, len(next(iter(columns.values()), [])) + 1)
    document = history_html("<title>", epochs, columns)
    assert len(Cells(document).rows) <= 10
    assert "nan," not in document
    assert "<i>" not in document
    assert len(document) < 15_000


def test_a_notebook_without_widgets_gets_a_text_bar_on_stdout(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    fit = model().fit(X, Y, epochs=4, batch_size=2, verbose=1)
    out, err = capsys.readouterr()
    assert err == ""
    last = out.rstrip().split("\r")[-1]
    assert "Epoch 4/4: 100%" in last
    assert "12/12" in last
    assert f"loss={fit.history['loss'][-1]:.4g}" in last


def test_progress_lines_end_in_the_seconds_of_the_epoch(monkeypatch, capsys):
    from framework.callbacks import progress

    ticks = iter([10.0, 12.5, 20.0, 20.0123, 30.0, 230.0])
    monkeypatch.setattr(progress, "perf_counter", lambda: next(ticks))
    fit = model().fit(X, Y, epochs=3, verbose=2)
    losses = fit.history["loss"]
    assert capsys.readouterr().out.splitlines() == [
        f"[Epoch {i}/3] train_loss: {loss:.6g} ({seconds} s)"
        for i, loss, seconds in zip((1, 2, 3), losses, ("2.50", "0.012", "200.00"), strict=True)
    ]
