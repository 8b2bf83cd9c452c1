"""Layers bound to one vector of parameters, and what training changes."""
