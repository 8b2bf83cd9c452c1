"""Benchmarks: what training, predicting and starting cost with this framework, by hand and with other libraries.

``pip install -e ".[bench]"`` and ``python -m benchmarks``. Workloads are in `workloads`, each way to train them is a
small module in `peers`; a peer that is not installed is reported as missing.

- All in float32, with the same data, first values, batch size and optimizer, a new order each epoch, and the loss of
  the epoch tracked. Final losses are printed; "(!)" marks one that is not near ours. Notes say who did otherwise.
- Peers take turns within each repeat, so that what slows the machine slows all. Ratios are of times in the same
  repeat: their median, and in brackets the least and the most.
- "first" is the first fit in a process that has imported the library: with compilation, where there is any.
- A warm fit begins at the first values again. Compiled functions are kept; our model is made anew.
- Starts, imports and memory are measured in processes of their own. Memory is what data and training add at most;
  the buffers of NumPy's BLAS, in use since the data were made, are left out.
- Threads are left as each library sets them; the settings are printed.
"""
