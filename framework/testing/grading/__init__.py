"""Grading for teachers: the components of a submission, their checks, points, tables and files of results."""
