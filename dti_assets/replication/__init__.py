"""A replication package: what is in it, how it is written, read back, and compared.

Knows files and plain tables; studies and runs are in `pipeline.packaging` and `verifying`.
"""
