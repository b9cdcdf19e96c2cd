"""Writes pods and records to a store until it is killed, and says what was promised when.

`python -m tests.support.store_writer FOLDER SEED` prints `accepted NAME VERSION` and
`durable - VERSION`.
"""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

from tests.support.records import container_record
from tests.support.stores import opened, pod


async def main(folder: Path, chance: random.Random) -> None:
    """Never ends."""
    told: list[str] = []
    async with opened(folder, told) as store:
        print("ready", flush=True)
        while not told:
            name = f"p{chance.randrange(20)}"
            stored = store.put(pod(name, padding=chance.randrange(4000)))
            store.records.put(container_record("uid", attempt=chance.randrange(3)))
            print("accepted", name, stored.metadata.resource_version, flush=True)
            if chance.random() < 0.2:
                version = store.version
                assert await store.durable(version)
                print("durable", "-", version, flush=True)
            elif chance.random() < 0.5:
                await asyncio.sleep(0)
    sys.exit(f"unexpected: {told}")


asyncio.run(main(Path(sys.argv[1]), random.Random(int(sys.argv[2]))))
