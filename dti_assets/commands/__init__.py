"""Commands of `dti` that would crowd cli.py: one module each, registered there."""
