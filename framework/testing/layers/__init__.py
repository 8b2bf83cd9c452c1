"""The checks that make up `check_layer`, and the one that runs them all."""
