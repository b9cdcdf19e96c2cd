"""Manifest files to Pods: load, decode, default, validate; every problem at once, with its place."""
