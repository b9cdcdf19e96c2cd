"""Manifest files to Pods: load, decode, default, validate; all problems at once."""
