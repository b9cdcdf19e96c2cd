"""Composition: nodes that run pods, and the agent that lives as long as its machine."""
