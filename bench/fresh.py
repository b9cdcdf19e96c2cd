"""Runs one function in this new interpreter and prints its answer; see `framework.fresh`."""

from __future__ import annotations

import importlib
import json
import sys


def main() -> None:
    module, function, arguments = json.loads(sys.argv[1])
    print(json.dumps(dict(getattr(importlib.import_module(module), function)(**arguments))))


if __name__ == "__main__":
    main()
