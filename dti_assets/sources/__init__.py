"""Reports from their official addresses: registry, safe fetching, judgement, storing. No Dagster.

Nothing here runs unless somebody asks for a download: reading and counting never use the network.
"""
