"""Subcommands of `dti`, a module a subject; each imports what it needs when it is called."""
