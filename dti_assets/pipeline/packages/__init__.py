"""Replication packages of a finished study: packing one, and making its outputs again."""
