"""The assets by group, in lineage order: reports, instrument, patents, panel, estimates,
publication. Bodies load, call one domain function, and return its table with metadata."""
