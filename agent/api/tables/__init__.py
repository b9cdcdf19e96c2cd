"""Tables: what `kubectl get` prints, made by the server (pkg/printers/internalversion)."""

from agent.api.tables.table import IncludeObject, cells, columns, table

__all__ = ["IncludeObject", "cells", "columns", "table"]
