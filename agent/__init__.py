"""barepod: a mini-kubelet for a machine without a cluster."""

__version__ = "0.1.0"
#: The Kubernetes release whose texts, defaults and rules are spoken.
KUBERNETES_VERSION = "1.34"
