"""The conformance check of metrics."""
