"""The machine: the only package that touches clocks, processes, users, limits and log files."""
