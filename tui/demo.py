"""`paydesk demo`: the desk on a throw-away database, with the sandbox as its Stripe."""

import argparse
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from tui.app import PaydeskApp
from tui.desk import Desk
from tui.logs import keep_log

if TYPE_CHECKING:
    from services.runtime import Runtime

LONG_LEDGER_ENTRIES = 1_000_000


def main(argv: Sequence[str]) -> int:
    """Opens the demo; everything it made is gone when it ends."""
    parser = argparse.ArgumentParser(
        prog="paydesk demo", description="Opens the desk on a throw-away database, with a local Stripe sandbox."
    )
    parser.add_argument(
        "--entries",
        type=int,
        default=LONG_LEDGER_ENTRIES,
        metavar="N",
        help="entries in the longest ledger (default: %(default)s)",
    )
    arguments = parser.parse_args(argv)
    if not 1 <= arguments.entries <= 100_000_000:
        parser.error("--entries is from 1 to 100,000,000")
    keep_log()
    with ExitStack() as scene:

        def open_runtime() -> "Runtime":
            from services.demo import DemoClock, open_demo
            from services.sandbox import Sandbox

            clock = DemoClock()
            folder = Path(scene.enter_context(tempfile.TemporaryDirectory(prefix="paydesk-demo-")))
            sandbox = scene.enter_context(Sandbox(clock=clock))
            runtime = open_demo(folder, sandbox, clock, entries=arguments.entries)
            scene.callback(runtime.database.close)
            desk.control_url = sandbox.control_url
            return runtime

        desk = Desk(open_runtime, demo=True)
        app = PaydeskApp(desk)
        app.run()
        return app.return_code or 0
