"""What ``import framework`` brings along: NumPy, and the framework."""

import subprocess
import sys

import pytest

HEAVY = "matplotlib", "plygdata", "sklearn", "scipy", "threadpoolctl", "cloudpickle", "joblib", "tqdm", "safetensors"


@pytest.mark.parametrize("statement", ["import framework", "from framework import testing"])
def test_importing_takes_no_other_library(statement):
    code = f"{statement}\nimport sys; print(*[name for name in {HEAVY} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_importing_leaves_out_what_numpy_imports_when_it_is_used():
    code = (
        "import sys, numpy\nbefore = {name for name in sys.modules if name.startswith('numpy.random')}\n"
        "import framework\nprint(*{name for name in sys.modules if name.startswith('numpy.random')} - before)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_estimators_without_scikit_learn_say_what_to_install():
    code = (
        "import importlib.util as u, sys; found = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'sklearn' else found(name, *rest)\n"
        "import framework.sklearn"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "scikit-learn is not installed: pip install" in run.stderr
