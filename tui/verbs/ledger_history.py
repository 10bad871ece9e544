"""Reading ledgers on the command line: filters, exports, statements and explanations."""

import argparse
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.domain.ledger import Transaction
from services.domain.ledger_export import ExportFormat, ExportPiece
from services.domain.ledger_filter import parse_filter
from services.domain.period import parse_moment, parse_period
from services.ledger_file import write_export
from tui.desk import Desk
from tui.present import NOTHING, cents, count, signed_cents
from tui.verbs.verb import DONE, INTEGRITY, Answer, Refusal, at, verb

if TYPE_CHECKING:
    from services.explanations import Explanation

_FILTER_HELP = (
    'like: kind:usage is:debit amt<-5.00 2026-10..2026-11-05 order:12 by:anna "text in the description"; '
    "all words must apply"
)


def add_history_verbs(ledger: Any) -> None:
    """`paydesk ledger list`, `export`, `statement` and `explain`."""
    listing = verb(ledger, "list", _list, "show the newest entries")
    _add_selection(listing)
    listing.add_argument("--before", type=int, metavar="SEQ", help="only entries with a smaller number")
    listing.add_argument("--limit", type=int, default=20, metavar="N", help="at most 1000 (default: %(default)s)")
    export = verb(ledger, "export", _export, "write the entries to a new file, as CSV or JSON Lines")
    export.add_argument("file", type=Path, help="ends in .csv or .jsonl; never replaces a file")
    _add_selection(export)
    export.add_argument("--as-of-seq", type=int, metavar="SEQ", help="as of this entry: the same bytes every time")
    statement = verb(ledger, "statement", _statement, "show opening, totals by kind and closing of a period")
    statement.add_argument("--account", type=int, required=True, metavar="ID")
    statement.add_argument("--period", required=True, help="in UTC, like 2026-10 or 2026-10-05..2026-11-04")
    verb(ledger, "explain", _explain, "show all that is stored about an entry").add_argument("entry", type=int)


def _add_selection(command: argparse.ArgumentParser) -> None:
    command.add_argument("--account", type=int, required=True, metavar="ID")
    command.add_argument("--filter", default="", metavar="WORDS", help=_FILTER_HELP.replace("%", "%%"))
    command.add_argument("--as-of", metavar="MOMENT", help="as it was then, in UTC: 2026-10-05 or 2026-10-05T14:03")


def _list(desk: Desk, arguments: argparse.Namespace) -> Answer:
    entries = _page(desk, arguments)
    if entries is None:
        entries = list(_found(desk, arguments))
    rows = [
        (
            str(entry.seq),
            str(entry.id),
            at(entry.created_at),
            entry.kind,
            entry.description,
            signed_cents(entry.amount_cents),
            cents(entry.balance_after_cents),
        )
        for entry in entries
    ]
    return Answer(entries, rows, ("SEQ", "ENTRY", "TIME (UTC)", "KIND", "DESCRIPTION", "AMOUNT", "BALANCE"))


def _page(desk: Desk, arguments: argparse.Namespace) -> list[Transaction] | None:
    """The entries that are asked for, where nothing but a place in the ledger is, and they can be had at once."""
    if arguments.filter or arguments.as_of is not None:
        return None
    return desk.page(arguments.account, arguments.before, arguments.limit)


def _found(desk: Desk, arguments: argparse.Namespace) -> Iterator[Transaction]:
    """As many entries as are asked for, by as many calls of the search as that takes."""
    before_seq, as_of_seq = arguments.before, _as_of_seq(desk, arguments)
    if as_of_seq is not None:
        before_seq = as_of_seq + 1 if before_seq is None else min(before_seq, as_of_seq + 1)
    wanted, limit = parse_filter(arguments.filter), arguments.limit
    while True:
        found = desk.history.search(arguments.account, wanted, before_seq=before_seq, limit=limit)
        yield from found.entries
        limit -= len(found.entries)
        before_seq = found.searched_to_seq
        if found.done or limit == 0:
            _say("")
            return
        _say(f"searching back to {at(found.searched_to_at)}")


def _as_of_seq(desk: Desk, arguments: argparse.Namespace) -> int | None:
    """The newest entry that was there at the moment that is asked for; None where none is."""
    return None if arguments.as_of is None else desk.history.at(arguments.account, parse_moment(arguments.as_of))


def _export(desk: Desk, arguments: argparse.Namespace) -> Answer:
    given = [seq for seq in (arguments.as_of_seq, _as_of_seq(desk, arguments)) if seq is not None]
    form = ExportFormat.JSON_LINES if arguments.file.suffix == ".jsonl" else ExportFormat.CSV
    wanted = parse_filter(arguments.filter)
    pieces = desk.history.export(arguments.account, wanted, form, as_of_seq=min(given, default=None))
    try:
        with _noting_ctrl_c() as was_pressed:
            last = write_export(pieces, arguments.file, lambda piece: _say_progress(piece) and not was_pressed())
    except KeyboardInterrupt:
        last = None
    finally:
        _say("")
    if last is None:
        raise Refusal("Stopped; nothing was written.")
    data = {"file": str(arguments.file), "entries": last.entries, "as_of_seq": last.last_seq}
    wrote = f"Wrote {count(last.entries, 'entry', 'entries')} as of number {last.last_seq:,} to {arguments.file}."
    return Answer(data, [(wrote,)])


@contextmanager
def _noting_ctrl_c() -> Iterator[Callable[[], bool]]:
    """Whether ctrl+c was pressed: it interrupts nothing by itself, so that what is finished already is not called off.

    Pressed once more it interrupts, wherever the program is.
    """
    pressed = False

    def note(*_: object) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _say_progress(piece: ExportPiece) -> bool:
    of = piece.last_seq - piece.first_seq + 1
    _say(f"{piece.searched_seq - piece.first_seq + 1:,} of {of:,} entries looked at, {piece.entries:,} written")
    return True


def _say(words: str) -> None:
    """Progress on a terminal, over the line before it."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{words}\x1b[K")


def _statement(desk: Desk, arguments: argparse.Namespace) -> Answer:
    statement = desk.history.statement(arguments.account, parse_period(arguments.period))
    rows = [
        ("opening", "", "", "", cents(statement.opening_cents)),
        *(
            (total.kind, f"{total.entries:,}", signed_cents(total.credits_cents), signed_cents(total.debits_cents), "")
            for total in statement.totals
        ),
        ("closing", f"{statement.entries:,}", "", "", cents(statement.closing_cents)),
    ]
    if not statement.adds_up:
        rows.append(("The parts do not make the whole: paydesk verify names the rows.", "", "", "", ""))
    code = DONE if statement.adds_up else INTEGRITY
    return Answer(statement, rows, ("", "ENTRIES", "IN", "OUT", "BALANCE"), exit_code=code)


def _explain(desk: Desk, arguments: argparse.Namespace) -> Answer:
    explanation = desk.explanations.explain(arguments.entry)
    return Answer(explanation, list(_explained(explanation)))


def _explained(explanation: "Explanation") -> Iterator[tuple[str, str]]:
    """What is known of an entry, a line each: its name and its value."""
    entry, order, refund = explanation.entry, explanation.order, explanation.refund
    yield "entry", f"{entry.id}, number {entry.seq:,} of account {entry.account_id}, {explanation.account.email}"
    yield "amount", f"{signed_cents(entry.amount_cents)}, balance after {cents(entry.balance_after_cents)}"
    yield "why", f"{entry.kind}: {entry.description}"
    yield "by", f"{entry.actor}, {at(entry.created_at)} UTC"
    yield "key", entry.idempotency_key or NOTHING
    if explanation.reverses is not None:
        yield "takes back", f"entry {explanation.reverses.id}: {explanation.reverses.description}"
    if explanation.reversed_by is not None:
        yield "taken back by", f"entry {explanation.reversed_by.id}: {explanation.reversed_by.description}"
    if order is not None:
        draft = order.draft
        yield "order", f"{order.id}, {draft.purpose}, {order.status}, by {order.actor}, {at(order.created_at)} UTC"
        yield "price", f"{cents(draft.base_cents)} ({draft.price_mode or 'as entered'})"
        if draft.discount_code is not None:
            yield "code", f"{draft.discount_code}: {signed_cents(-draft.discount_cents)}"
        yield "total", cents(draft.total_cents)
        yield "entries", ", ".join(f"{of.id} ({of.kind})" for of in explanation.order_entries)
    if refund is not None:
        yield "refund", f"{refund.id}, {refund.status}, {cents(refund.amount_cents)}: {refund.reason}"
    for there in explanation.stripe:
        yield there.role, there.id if there.url is None else f"{there.id}  {there.url}"
    for change in explanation.audit:
        yield "audit", f"{change.actor} {change.action}, {at(change.created_at)} UTC: {change.reason}"
