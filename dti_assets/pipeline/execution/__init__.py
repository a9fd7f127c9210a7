"""A run from the command line: what must be in order, what is left to make, what is recorded."""
