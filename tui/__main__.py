"""The console command `paydesk`: no argument opens the desk, a verb goes to the command line.

Nothing heavy is imported before it is needed: `--version` and a mistyped verb answer at once.
"""

import gc
import os
import signal
import sys
from collections.abc import Sequence

OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""For a verb, which is done before the collector has much to find: Python's own 700 are for programs that stay."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run paydesk and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    match arguments:
        case []:
            return _open_desk()
        case ["--version" | "-V"]:
            from tui import __version__

            sys.stdout.write(f"paydesk {__version__}\n")
            return 0
        case ["demo", *rest]:
            from tui.demo import main as demo

            return demo(rest)
        case _:
            return _run_verb(arguments)


def _run_verb(arguments: Sequence[str]) -> int:
    # What modules make as they are imported lives to the end. Not to look through it again and again, nor once more
    # when Python ends, takes a third off a short verb.
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    try:
        from tui.cli import main as command_line

        code = command_line(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted. What was done by then is done.\n")
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # Whoever reads the output has enough of it. What is still to be written goes nowhere, or Python would complain.
        # Source: https://docs.python.org/3/library/signal.html#note-on-sigpipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    else:
        return code
    finally:
        gc.freeze()


def _open_desk() -> int:
    from tui.app import PaydeskApp
    from tui.logs import keep_log

    keep_log()
    app = PaydeskApp()
    app.run()
    # An exception that nobody handled leaves 1 here.
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main())
