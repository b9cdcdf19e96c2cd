"""Just enough of SPDY/3.1 to serve kubectl: its exec up to 1.29, its port-forward always."""
