"""The conformance check of losses."""
