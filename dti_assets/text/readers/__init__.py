"""One module a format, each from bytes to an Extract; `read_bytes` sniffs and dispatches."""
