"""Groups of `dti` subcommands too long for `cli`; loaded with it, so heavy imports stay inside."""
