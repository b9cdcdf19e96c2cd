"""What the outside sees: health, readiness, metrics."""
