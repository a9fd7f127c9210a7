"""Which units a study is about: their level, names, codes, seats and areas, addresses, the hub.

Does not belong here: distances (instrument.distances), and anything that reads a report.
"""
