"""Prints paydesk's figures, each beside a raw baseline measured in turns with it in the same run.

Usage: python -m tests.benchmarks [ROUNDS]
"""

import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from tests.benchmarks.postings import (
    POSTINGS,
    migrated_file,
    postgresql_driver_rate,
    prepare_postgresql,
    service_rate,
    sqlite_driver_rate,
    sqlite_service_rate,
)
from tests.benchmarks.processes import FRAME, PRICES, environment, milliseconds_to_end, milliseconds_to_paint
from tests.postgres import PostgresServer

ROUNDS = 7

Measure = Callable[[], float]


@dataclass(frozen=True)
class Comparison:
    """One figure of paydesk and the baseline it stands beside."""

    title: str
    baseline_title: str
    unit: str
    ours: Measure
    baseline: Measure

    def line(self, rounds: int) -> str:
        """The medians of alternating rounds, after one that warms up both."""
        self.ours()
        self.baseline()
        pairs = [(self.ours(), self.baseline()) for _ in range(rounds)]
        ours, baseline = (median(side) for side in zip(*pairs, strict=True))
        figures = f"{ours:>10,.0f} {baseline:>10,.0f} {self.unit:<4}{ours / baseline:>8.2f}"
        return f"{self.title:<28}{figures}  {self.baseline_title}"


def command_comparisons(settings: dict[str, str]) -> Sequence[Comparison]:
    """Processes: the command line, and the first paint."""
    paydesk, bare = ["-m", "tui"], ["-m", "tests.benchmarks.bare_app"]
    bare_frame = partial(milliseconds_to_paint, bare, settings, FRAME)
    return [
        Comparison(
            "paydesk --version",
            "python -c pass",
            "ms",
            partial(milliseconds_to_end, [*paydesk, "--version"], settings),
            partial(milliseconds_to_end, ["-c", "pass"], settings),
        ),
        Comparison(
            "first frame on a terminal",
            "first frame of a Textual app with one line",
            "ms",
            partial(milliseconds_to_paint, paydesk, settings, FRAME),
            bare_frame,
        ),
        Comparison(
            "prices on the screen",
            "first frame of a Textual app with one line",
            "ms",
            partial(milliseconds_to_paint, paydesk, settings, PRICES),
            bare_frame,
        ),
    ]


def posting_comparisons(template: Path, folder: Path, postgresql_url: str) -> Sequence[Comparison]:
    """Postings by the service and by the drivers, each in a durable transaction of its own."""
    return [
        Comparison(
            "postings on SQLite",
            "the same two statements by sqlite3",
            "/s",
            partial(sqlite_service_rate, template, folder),
            partial(sqlite_driver_rate, template, folder),
        ),
        Comparison(
            "postings on PostgreSQL",
            "the same two statements by psycopg",
            "/s",
            partial(service_rate, postgresql_url),
            partial(postgresql_driver_rate, postgresql_url),
        ),
    ]


def main(rounds: int = ROUNDS) -> None:
    """Measure and print everything."""
    print(f"Medians of {rounds} rounds in turns; ratio = paydesk / baseline. A round of postings has {POSTINGS}.")
    print("ms: shorter is better. /s: more is better; each posting is durable before the next one begins.\n")
    print(f"{'':<28}{'paydesk':>10} {'baseline':>10} {'':<4}{'ratio':>8}  baseline")
    with tempfile.TemporaryDirectory(prefix="paydesk-bench-") as name, PostgresServer.start(Path(name)) as server:
        folder = Path(name)
        template = migrated_file(folder)
        postgresql_url = server.create_database()
        prepare_postgresql(postgresql_url)
        settings = environment(folder, f"sqlite:///{shutil.copy(template, folder / 'desk.db')}")
        for comparison in (
            *command_comparisons(settings),
            *posting_comparisons(template, folder, postgresql_url),
        ):
            print(comparison.line(rounds), flush=True)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
