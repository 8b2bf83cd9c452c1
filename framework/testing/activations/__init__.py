"""The conformance check of activations."""
