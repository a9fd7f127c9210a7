"""Subcommands of `dti`, a module a theme; cli.py names them and loads each when it is called."""
