"""Provinces, their capitals, and the distances from them to the hub.

Belongs here: names and codes of the 31 provinces (GB/T 2260), capital coordinates, distances
and the rules for a distance of zero. Does not belong here: anything that reads a report.
"""
