"""One regression: specification, sample, projection, estimate and its result."""
