"""What a table is and how it is kept.

Declarations, Parquet files, atomic writes, the cache, locks. Knows no table of its own and no
economics.
"""
