"""One module per handler type, shared by probes and lifecycle hooks."""
