"""barepod: a mini-kubelet for a machine without a cluster."""

__version__ = "0.1.0"
