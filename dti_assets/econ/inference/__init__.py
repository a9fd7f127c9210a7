"""Inference that holds with few clusters and weak instruments.

Sets, bootstraps, the jackknife, and mediation.
"""
