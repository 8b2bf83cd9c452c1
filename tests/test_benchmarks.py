from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchmarks import __main__ as program
from benchmarks import measure, peers, picture, processes, profiling, report, targets, workloads

SMALL = 0.002
OWN = "ours,numpy_loop,products,products_dx"


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(measure, "PAUSE", 0)
    monkeypatch.setattr(measure, "LEAST_SECONDS", 0.001)
    monkeypatch.setattr(profiling, "REPEATS", 1)
    monkeypatch.setattr(profiling, "LEAST_SECONDS", 0.001)
    monkeypatch.setattr(profiling, "ROUNDS", 3)


def test_the_program_measures_prints_and_writes(tmp_path, capsys):
    options = ["--scale", str(SMALL), "--repeats", "2", "--peers", OWN, "--no-processes", "--results", str(tmp_path)]
    results = program.main(options)
    assert list(results["fit"]) == list(workloads.TRAINED)
    assert list(results["predict"]) == ["W5-small", "W5-large", "W5-rows"]
    for peers_of in results["fit"].values():
        for result in peers_of.values():
            assert len(result["seconds"]) == 2
            assert min(result["seconds"]) > 0
    written = json.loads((tmp_path / "results.json").read_text())
    assert {row["target"] for row in written["targets"]} >= {"fit W1: ours / numpy_loop at most 1.25"}
    assert (tmp_path / "results.png").stat().st_size > 10_000
    table = (tmp_path / "results.md").read_text()
    assert program.main(["--again", str(tmp_path / "results.json"), "--results", str(tmp_path / "again")])["fit"]
    assert (tmp_path / "again" / "results.md").read_text() == table
    capsys.readouterr()
    program.main(["--again", str(tmp_path / "results.json"), "--results", str(tmp_path / "again")])
    printed = capsys.readouterr().out
    assert "(!)" not in printed
    assert "fit W4: ours / products at most 1.75" in printed


@pytest.mark.parametrize("name", workloads.TRAINED)
def test_ours_and_the_loop_by_hand_do_the_same_work(name):
    work = workloads.TRAINED[name](SMALL)
    whole_batch = replace(work, X=work.X[: work.batch], y=work.y[: work.batch], epochs=20)  # no order to differ in
    losses, outputs = [], []
    for peer in ("ours", "numpy_loop"):
        trained = peers.load(peer)(whole_batch)
        first = trained.predict(work.X[:3])
        losses.append(trained.fit())
        outputs.append(trained.predict(work.X[:3]))
        assert outputs[-1].dtype == np.float32
        assert np.abs(outputs[-1] - first).max() > 1e-6
    np.testing.assert_allclose(*losses, rtol=1e-4)
    np.testing.assert_allclose(*outputs, rtol=1e-3, atol=1e-5)


def test_products_are_those_of_a_step():
    work = workloads.images(SMALL)
    without: Any = peers.load("products")(work)
    with_input_gradient: Any = peers.load("products_dx")(work)
    assert len(without._products(128)) == 8  # three forward, three for weights, two back
    assert [a.shape[0] * b.shape[1] for a, b, _ in with_input_gradient._products(128)][-1] == 128 * 784
    for a, b, out in without._products(128):
        assert a.dot(b, out) is out


def test_a_peer_that_cannot_take_part_is_said_to_be_missing(monkeypatch):
    monkeypatch.setitem(peers.PLACES, "absent", ("absent", "Absent"))
    monkeypatch.setattr(peers.load("numpy_loop"), "fit", lambda self: 1 / 0)
    results = measure.fits(workloads.tutorial(SMALL), ["absent", "numpy_loop"], 1)
    printed = report.table("W1", results)
    assert "not installed" in printed
    assert "failed: ZeroDivisionError" in printed


def test_processes_report_time_and_memory():
    started = processes.starts("W1", SMALL, ["ours"], 1)["ours"]["seconds"]
    assert 0 < started[0] < 60
    memory = processes.memory("W3", SMALL, ["numpy_loop", "none"])
    assert memory["numpy_loop"]["imported"] > 1e6
    assert memory["numpy_loop"]["added"] > 0
    assert "KeyError" in memory["none"]["missing"]
    imports = processes.imports(["ours"], 1)
    assert imports["python"]["seconds"] < imports["numpy"]["seconds"]
    assert "ours" in report.import_table(imports)
    assert "numpy_loop" in report.memory_table("W3", memory)


def test_targets_are_judged_by_the_median_of_paired_ratios():
    times = {"ours": {"seconds": [1.0, 2.0, 4.0]}, "torch": {"seconds": [30.0, 50.0, 60.0]}}
    rows = list(targets.judged({"fit": {"W1": times}}))
    assert rows == [
        {"target": "fit W1: torch / ours at least 20", "value": 25.0, "least": 15.0, "most": 30.0, "met": True}
    ]
    assert not targets.Target("fit", "W4", "ours", "at most", 1.75, "products").met_by(1.76)


def test_another_loss_is_marked():
    seconds = {"seconds": [1.0]}
    printed = report.table("W1", {"ours": seconds | {"loss": 0.1}, "torch": seconds | {"loss": 0.2}})
    assert printed.count("(!)") == 1


@pytest.mark.parametrize("name", workloads.TRAINED)
def test_a_profile_shows_each_call_and_adds_up(name):
    work = workloads.TRAINED[name](SMALL)
    found = {part.name: part for part in profiling.parts(work)}
    assert {"batches", "loss", "update", "forward 1 Dense", "backward 0 Dense"} <= set(found)
    assert all(
        call.split()[0] in ("dot", "setitem", "add", "maximum") for call, _ in found["forward 0 Dense"].calls[:3]
    )
    assert found["forward 0 Dense"].time == pytest.approx(sum(time for _, time in found["forward 0 Dense"].calls))
    whole = found.pop("a step of fit").time
    assert sum(part.time for part in found.values()) == pytest.approx(whole)
    assert "the loop around them" in profiling.report(work)


def test_picture_and_table_have_one_order_and_explain_every_peer(tmp_path):
    assert set(picture.PEERS) == set(peers.PLACES)
    results: dict[str, Any] = {
        "environment": {"repeats": 3},
        "about": {"W1": "a small network"},
        "fit": {"W1": {"torch": {"seconds": [3.0, 2.0, 4.0]}, "ours": {"seconds": [0.2]}, "keras": {"missing": "no"}}},
        "start": {"W1": {"ours": {"seconds": [0.001, 0.002, 0.003]}}},
    }
    head, _, fit, start = picture.markdown(results).splitlines()
    assert [cell.strip() for cell in head.split("|")[2:4]] == ["this framework", "NumPy, by hand"]
    assert fit == "| W1, fit: a small network | 200 ms (200 ms) | - | - | - | - | 3 s (2 s) |"
    assert start.startswith("| W1, fit, from process start | 2 ms (1 ms) |")
    picture.draw(results, tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 10_000


@pytest.mark.parametrize("options", [["--only", "W9"], ["--peers", "ours,turch"], ["--profile", "W6"]])
def test_unknown_names_are_refused(options, capsys):
    with pytest.raises(SystemExit):
        program.main(options)
    assert "W1" in capsys.readouterr().err or "ours" in options[1]
