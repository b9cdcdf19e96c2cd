"""Measurements of barepod against its peers; see README.md beside this file."""
