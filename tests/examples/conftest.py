"""Examples and README are tried with the real product; nothing may be left."""

from __future__ import annotations

from tests.integration.conftest import leaves_no_children
from tests.integration.run.conftest import place

__all__ = ["leaves_no_children", "place"]
