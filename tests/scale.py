"""How much of a long test runs: a tenth in `make test`, all of it in `make soak`."""

import os
import sys

SOAK = os.environ.get("PAYDESK_SOAK", "") == "1"


def rounds(full: int) -> int:
    """`full` in a soak, else a tenth of it and at least one."""
    return full if SOAK else max(1, full // 10)


def measured(sentence: str) -> None:
    """Says a measured figure in a soak, which shows what its tests print."""
    if SOAK:
        sys.stdout.write(f"\n  {sentence}\n")
