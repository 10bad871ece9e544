"""The console command `paydesk`: no argument opens the desk, a verb goes to the command line.

Nothing heavy is imported before it is needed: `--version` and a mistyped verb answer at once.
"""

import sys
from collections.abc import Sequence


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
            from tui.cli import main as command_line

            return command_line(arguments)


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
