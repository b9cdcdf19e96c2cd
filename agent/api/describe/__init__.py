"""Descriptions: what `kubectl describe` prints, for hosts without kubectl."""

from agent.api.describe.describe import describe
from agent.api.describe.node import describe_node
from agent.api.describe.pod import describe_pod

__all__ = ["describe", "describe_node", "describe_pod"]
