"""The conformance check of optimizers."""
