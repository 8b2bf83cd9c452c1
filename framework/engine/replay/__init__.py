"""NumPy calls recorded once and played again."""
