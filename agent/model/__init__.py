"""The Kubernetes objects as frozen Structs: the only place that declares a field."""
