"""The API server's rules for a Pod, ConfigMap or Secret, one module per topic.

Every check has the form `check(value, path, errors, ...) -> None`: it appends what is wrong to
`errors`, in the API server's order and with its texts (k8s.io/kubernetes/pkg/apis/core/validation).
`path` is the field's path in Kubernetes' notation. Some paths are odd (`volumeMounts.subPath`
without an index): they are what Kubernetes reports.
"""
