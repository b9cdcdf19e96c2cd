"""Commands that end in their own way when they are interrupted."""

from __future__ import annotations

import signal


def raise_interrupts() -> None:
    """From now on SIGINT raises KeyboardInterrupt, unless it was ignored when we began.

    Before, it ends the process without a word: see `agent.__main__`.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
