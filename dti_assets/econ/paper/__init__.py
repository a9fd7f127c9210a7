"""Tables of the paper's kind.

YAML specifications, the columns they resolve to, their estimates, and how these compare with what
was published.
"""
