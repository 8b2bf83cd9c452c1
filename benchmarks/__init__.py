"""Benchmarks of training, prediction and startup, against hand-written NumPy and other libraries.

Install with ``pip install -e ".[bench]"``, run with ``python -m benchmarks``. The workloads are in `workloads`. Each
way to train them is a small module in `peers`; a peer that is not installed is reported as missing.

- Everything is float32, with the same data, initial values, batch size and optimizer, a new order in each epoch, and
  the epoch's loss tracked. Final losses are printed, and "(!)" marks one that is not close to ours. Where a peer has
  to differ, a note says so.
- Peers run in turn within each repeat, so that whatever slows the computer slows all of them. Ratios compare times of
  the same repeat: the median, and in parentheses the lowest and the highest.
- "first" is the first fit in a process that has imported the library. It includes compilation, if there is any.
- A warm fit starts from the initial values again. Compiled functions are kept; our model is created anew.
- Startup, imports and memory are each measured in a separate process. Memory is the peak that data and training add.
  The buffers of NumPy's BLAS are excluded: they have been in use since the data were generated.
- Thread counts are those that each library sets; they are printed.
"""
