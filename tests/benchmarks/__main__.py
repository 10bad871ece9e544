"""Prints paydesk's figures, each beside a raw baseline measured in turns with it in the same run.

Usage: python -m tests.benchmarks [--rounds N] [--only commands|postings|batches|accounts|ledgers] [--largest 4..7]
"""

import argparse
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from services.database import Database
from services.history import ExportFormat
from services.seals import SealService
from tests.benchmarks.batches import (
    batch_rate,
    csv_rate,
    executemany_rate,
    export_rate,
    hash_rate,
    import_rate,
    json_rate,
    proof_rate,
    running_balance_rate,
    seal_rate,
    verify_rate,
)
from tests.benchmarks.ledgers import (
    driver_page_milliseconds,
    driver_search_milliseconds,
    make_accounts,
    make_ledger,
    service_page_milliseconds,
    service_search_milliseconds,
)
from tests.benchmarks.postings import (
    CLIENTS,
    ONE_STATEMENT,
    POSTINGS,
    TWO_STATEMENTS,
    driver_rate_of_threads,
    migrated_file,
    pgbench_rate,
    postgresql_driver_rate,
    prepare_postgresql,
    runtime_over,
    service_rate,
    service_rate_of_threads,
    sqlite_driver_rate,
    sqlite_service_rate,
)
from tests.benchmarks.processes import FRAME, PRICES, environment, milliseconds_to_end, milliseconds_to_paint
from tests.benchmarks.screens import BARE, DESK, BareScreen, LedgerScreen
from tests.postgres import PostgresServer

ROUNDS = 7
ACCOUNTS = 1_000_000
LONG_SEARCH = 7
"""The power of 10 from which a search through the whole ledger lasts long enough to press a key in it."""
PARTS = ("commands", "postings", "batches", "accounts", "ledgers")

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
        digits = 0 if ours > 10 else 3
        figures = f"{ours:>10,.{digits}f} {baseline:>10,.{digits}f} {self.unit:<4}{ours / baseline:>8.2f}"
        return f"{self.title:<32}{figures}  {self.baseline_title}"


def list_comparison(title: str, settings: dict[str, str]) -> Comparison:
    """A process that lists the newest entries of an account."""
    return Comparison(
        title,
        "paydesk --version",
        "ms",
        partial(milliseconds_to_end, [*DESK, "ledger", "list", "--account", "1", "--json"], settings),
        partial(milliseconds_to_end, [*DESK, "--version"], settings),
    )


def command_comparisons(folder: Path, settings: dict[str, str]) -> Sequence[Comparison]:
    """Processes: the command line, and the first paint."""
    ledger = folder / "listed.db"
    make_ledger(ledger, 100_000)
    bare_frame = partial(milliseconds_to_paint, BARE, settings, FRAME)
    return [
        Comparison(
            "paydesk --version",
            "python -c pass",
            "ms",
            partial(milliseconds_to_end, [*DESK, "--version"], settings),
            partial(milliseconds_to_end, ["-c", "pass"], settings),
        ),
        list_comparison("10^5: ledger list --json", environment(folder, f"sqlite:///{ledger}")),
        Comparison(
            "first frame on a terminal",
            "first frame of a Textual app with one line",
            "ms",
            partial(milliseconds_to_paint, DESK, settings, FRAME),
            bare_frame,
        ),
        Comparison(
            "prices on the screen",
            "first frame of a Textual app with one line",
            "ms",
            partial(milliseconds_to_paint, DESK, settings, PRICES),
            bare_frame,
        ),
    ]


def posting_comparisons(template: Path, folder: Path, server: PostgresServer, url: str) -> Sequence[Comparison]:
    """Postings by the service, by the drivers and by pgbench, each in a durable transaction of its own."""
    return [
        Comparison(
            "postings on SQLite",
            "the same statements by sqlite3",
            "/s",
            partial(sqlite_service_rate, template, folder),
            partial(sqlite_driver_rate, template, folder),
        ),
        Comparison(
            "postings on PostgreSQL",
            "the same statement by psycopg",
            "/s",
            partial(service_rate, url),
            partial(postgresql_driver_rate, url),
        ),
        *(
            Comparison(f"... by {CLIENTS} threads", words, "/s", partial(service_rate_of_threads, url), baseline)
            for words, baseline in (
                (f"the same statement by psycopg, {CLIENTS} threads", partial(driver_rate_of_threads, url)),
                *(
                    (f"{words} by pgbench, prepared", partial(pgbench_rate, server, url, folder, script))
                    for words, script in (
                        ("the same statement", ONE_STATEMENT),
                        ("BEGIN, two statements, COMMIT", TWO_STATEMENTS),
                    )
                ),
            )
        ),
    ]


def batch_comparisons(template: Path, folder: Path) -> Sequence[Comparison]:
    """Many postings at once, exports, seals and proofs, on SQLite."""
    bare = partial(executemany_rate, template, folder)
    ledger, sealed = folder / "ledger.db", folder / "sealed.db"
    make_ledger(ledger, 100_000)
    shutil.copy(ledger, sealed)
    database = Database(f"sqlite:///{sealed}")
    SealService.over(runtime_over(database)).seal()
    database.close()
    hashing = "the same rows read by sqlite3 and hashed"
    return [
        Comparison("post_many", "executemany of the entries", "/s", partial(batch_rate, template, folder), bare),
        Comparison("ledger import", "executemany of the entries", "/s", partial(import_rate, template, folder), bare),
        *(
            Comparison(
                f"ledger export to {words}",
                f"the same rows by sqlite3 and {module}",
                "/s",
                partial(export_rate, ledger, folder, form),
                partial(baseline, ledger, folder),
            )
            for words, module, form, baseline in (
                ("CSV", "csv", ExportFormat.CSV, csv_rate),
                ("JSON Lines", "json", ExportFormat.JSON_LINES, json_rate),
            )
        ),
        Comparison("ledger seal", hashing, "/s", partial(seal_rate, ledger, folder), partial(hash_rate, ledger)),
        Comparison("ledger verify", hashing, "/s", partial(verify_rate, sealed, folder), partial(hash_rate, sealed)),
        Comparison(
            "verify, everything",
            "one sum of the same rows by sqlite3",
            "/s",
            partial(proof_rate, sealed, folder),
            partial(running_balance_rate, sealed),
        ),
    ]


def account_comparisons(folder: Path) -> Iterator[Comparison]:
    """Finding an account."""
    path = folder / "accounts.db"
    make_accounts(path, ACCOUNTS)
    yield Comparison(
        f"an account among {ACCOUNTS:,}",
        "the same query by sqlite3",
        "ms",
        partial(service_search_milliseconds, path, ACCOUNTS),
        partial(driver_search_milliseconds, path, ACCOUNTS),
    )
    path.unlink()


def ledger_comparisons(folder: Path, largest: int) -> Iterator[Comparison]:
    """Ledgers of 10,000 entries and more: a page anywhere, the command line, and the screen."""
    for power in range(4, largest + 1):
        path, entries = folder / f"ledger{power}.db", 10**power
        make_ledger(path, entries)
        yield Comparison(
            f"10^{power}: a page anywhere",
            "the same query by sqlite3",
            "ms",
            partial(service_page_milliseconds, path, entries),
            partial(driver_page_milliseconds, path, entries),
        )
        settings = environment(folder, f"sqlite:///{path}")
        yield list_comparison(f"10^{power}: ledger list --json", settings)
        with LedgerScreen(settings, entries) as desk, BareScreen(settings) as bare:
            searches = (("a key in a search in vain", desk.key_in_a_search), ("escape stops it", desk.stop_a_search))
            for title, measure in (
                ("an account is opened", desk.open_account),
                ("a page down", desk.page_down),
                ("a jump to a day", desk.jump_to_day),
                ("a drag to the middle", desk.drag_to_the_middle),
                *(searches if power >= LONG_SEARCH else ()),
            ):
                yield Comparison(
                    f"10^{power}: {title}", "a key in a Textual app with a line", "ms", measure, bare.press
                )
            yield Comparison(f"10^{power}: memory by then", "that app's", "MiB", desk.memory, bare.memory)
        path.unlink()


def comparisons(folder: Path, server: PostgresServer, only: str | None, largest: int) -> Iterator[Comparison]:
    """Everything that is measured, or one part of it."""
    template = migrated_file(folder)
    if only in (None, "commands"):
        settings = environment(folder, f"sqlite:///{shutil.copy(template, folder / 'desk.db')}")
        yield from command_comparisons(folder, settings)
    if only in (None, "postings"):
        url = server.create_database()
        prepare_postgresql(url)
        yield from posting_comparisons(template, folder, server, url)
    if only in (None, "batches"):
        yield from batch_comparisons(template, folder)
    if only in (None, "accounts"):
        yield from account_comparisons(folder)
    if only in (None, "ledgers"):
        yield from ledger_comparisons(folder, largest)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--largest", type=int, choices=range(4, 8), default=6, help="10 to the power of this many rows")
    asked = parser.parse_args()
    print(f"Medians of {asked.rounds} rounds in turns; ratio = paydesk / baseline. A round of postings has {POSTINGS}.")
    print("ms: shorter is better. /s: more is better; each posting or batch is durable before the next one begins.\n")
    print(f"{'':<32}{'paydesk':>10} {'baseline':>10} {'':<4}{'ratio':>8}  baseline")
    with tempfile.TemporaryDirectory(prefix="paydesk-bench-") as name, PostgresServer.start(Path(name)) as server:
        for comparison in comparisons(Path(name), server, asked.only, asked.largest):
            print(comparison.line(asked.rounds), flush=True)


if __name__ == "__main__":
    main()
