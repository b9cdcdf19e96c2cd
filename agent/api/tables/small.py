"""What does `kubectl get` print of the kinds with few columns? (printers.go)"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from agent.api.tables.column import AGE, NAME, Cells, HasMetadata, age, text
from agent.model.config_data import ConfigMap, Secret
from agent.model.lease import Lease
from agent.model.namespace import Namespace
from agent.model.service_account import ServiceAccount

NAMESPACE: Final = (NAME, text("Status", "Active, or Terminating once it is deleted."), AGE)
CONFIG_MAP: Final = (NAME, text("Data", "Number of keys."), AGE)
SECRET: Final = (
    NAME,
    text("Type", "What the secret is for."),
    text("Data", "Number of keys."),
    AGE,
)
SERVICE_ACCOUNT: Final = (NAME, text("Secrets", "Number of secrets that it lists."), AGE)
LEASE: Final = (NAME, text("Holder", "Who holds the lease."), AGE)
#: Kinds without columns of their own.
ANY: Final = (NAME, AGE)


def namespace_cells(namespace: Namespace, now: datetime) -> Cells:
    """The row of a namespace (printNamespace)."""
    return namespace.metadata.name, namespace.status.phase, age(namespace, now)


def config_map_cells(config_map: ConfigMap, now: datetime) -> Cells:
    """The row of a ConfigMap (printConfigMap)."""
    keys = len(config_map.data) + len(config_map.binary_data)
    return config_map.metadata.name, keys, age(config_map, now)


def secret_cells(secret: Secret, now: datetime) -> Cells:
    """The row of a Secret (printSecret)."""
    return secret.metadata.name, secret.type, len(secret.data), age(secret, now)


def service_account_cells(account: ServiceAccount, now: datetime) -> Cells:
    """The row of a ServiceAccount (printServiceAccount)."""
    return account.metadata.name, len(account.secrets), age(account, now)


def lease_cells(lease: Lease, now: datetime) -> Cells:
    """The row of a Lease (printLease)."""
    return lease.metadata.name, lease.spec.holder_identity or "", age(lease, now)


def any_cells(obj: HasMetadata, now: datetime) -> Cells:
    """The row of an object of a kind without columns of its own."""
    return obj.metadata.name, age(obj, now)
