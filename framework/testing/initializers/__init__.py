"""The conformance check of initializers."""
