"""The conformance check of models."""
