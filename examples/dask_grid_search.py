"""Run a grid search on a Dask cluster: on this machine, or wherever a scheduler listens.

python examples/dask_grid_search.py [--scheduler tcp://10.0.0.1:8786] [--workers 2]
Workers on other machines need this package too. The results equal those of a local run, bit for bit.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

import numpy as np

try:
    from dask.distributed import Client, LocalCluster
    from joblib import parallel_config
    from sklearn.datasets import load_digits
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
except ImportError as error:
    sys.exit(f"This example needs Dask and scikit-learn ({error}): pip install 'playground-framework[dask]'")

from framework import Dropout
from framework.sklearn import NeuralClassifier

GRID = {
    "neuralclassifier__layers": [[32], [64, Dropout(0.3)]],
    "neuralclassifier__optimizer__learning_rate": [0.001, 0.01],
}


def search() -> Any:
    """Return the search; with `random_state`, a fit gives the same result wherever it runs."""
    pipe = make_pipeline(StandardScaler(), NeuralClassifier(epochs=20, random_state=0))
    return GridSearchCV(pipe, GRID, cv=3)


def main() -> None:
    """Search in this process, then on the cluster, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scheduler", help="address of a running scheduler; a local cluster is started if not given")
    parser.add_argument("--workers", type=int, default=2, help="processes of the local cluster")
    arguments = parser.parse_args()

    X, y = load_digits(return_X_y=True)
    start = time.perf_counter()
    local = search().fit(X, y)
    print(f"one process: {time.perf_counter() - start:.1f} s, best {local.best_score_:.4f} with {local.best_params_}")

    cluster = arguments.scheduler or LocalCluster(
        n_workers=arguments.workers, threads_per_worker=1, dashboard_address=None
    )
    with Client(cluster) as client, parallel_config("dask"):
        workers = len(client.scheduler_info()["workers"])
        start = time.perf_counter()
        spread = search().fit(X, y)
        print(f"{workers} workers: {time.perf_counter() - start:.1f} s, best {spread.best_score_:.4f}")
    if not arguments.scheduler:
        cluster.close()

    np.testing.assert_array_equal(spread.cv_results_["mean_test_score"], local.cv_results_["mean_test_score"])
    print("The scores are equal.")


if __name__ == "__main__":
    main()
