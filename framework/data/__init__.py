"""From X and y, files or streams to checked batches."""
