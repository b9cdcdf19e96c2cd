"""Requests that nobody would make, against a running agent."""
