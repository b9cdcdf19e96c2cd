"""Decisions as pure functions: no await, no clock, no I/O, no logging."""
