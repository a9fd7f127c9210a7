"""Where work is done: worker processes of this machine with limits, or a Ray cluster.

Knows no text, no patent and no study: callers hand over functions and their arguments.
"""
