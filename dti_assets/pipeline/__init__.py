"""The Dagster layer: the only package that imports dagster. Thin; no domain logic."""
