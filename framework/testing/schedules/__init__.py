"""The conformance check of schedules."""
