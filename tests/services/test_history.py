"""Reading ledgers: whatever is asked for, and however it is cut into calls, is what plain Python finds in all rows."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.accounts import AccountService
from services.balance import BalanceService
from services.database import Database
from services.domain.ledger import MAX_PAGE, Transaction, TransactionKind
from services.domain.ledger_export import COLUMNS
from services.errors import InvalidInput, NotFound
from services.history import (
    ExportFormat,
    Found,
    HistoryService,
    LedgerFilter,
    Period,
    Tally,
    parse_filter,
    parse_period,
)
from services.runtime import Runtime
from services.stores.history import HistoryStore
from tests.filters import filters, means, storable_texts
from tests.histories import ACTORS, BEGIN, ORDERS, TEXTS, put_history
from tests.scale import rounds

ENTRIES = 300
END = BEGIN + timedelta(days=60)
EXAMPLES = settings(max_examples=rounds(400), deadline=None, suppress_health_check=list(HealthCheck))

pieces_of_texts = st.sampled_from(TEXTS).flatmap(
    lambda text: st.tuples(st.integers(0, len(text) - 1), st.integers(1, 6)).map(
        lambda cut: text[cut[0] : cut[0] + cut[1]]
    )
)
texts = st.one_of(pieces_of_texts, pieces_of_texts.map(str.swapcase), storable_texts).filter(
    lambda text: 0 < len(text) <= 500
)
wanted_filters = filters(
    texts=texts,
    actors=st.sampled_from([*ACTORS, "Anna", "nobody"]),
    cents=st.sampled_from([-100_000, -1_000, -501, -500, -10, -7, -1, 0, 1, 7, 8, 1_000, 100_000]),
    order_ids=st.sampled_from([*ORDERS, 4]),
    first=BEGIN - timedelta(days=1),
    last=END,
)
seqs = st.none() | st.integers(-1, ENTRIES + 5)
moments = st.datetimes(datetime(2026, 9, 27), datetime(2026, 12, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


class Ticking:
    """A timer that moves on by itself, by as many nanoseconds as each of `steps` says, over and over."""

    def __init__(self, steps: Sequence[int]) -> None:
        self.steps, self.asked, self.ns = steps, 0, 0

    def __call__(self) -> int:
        self.ns += self.steps[self.asked % len(self.steps)]
        self.asked += 1
        return self.ns


timers = st.lists(st.sampled_from([0, 1_000, 1_000_000, 30_000_000, 90_000_000]), min_size=1, max_size=4).map(Ticking)


@st.composite
def services(draw: st.DrawFn, database: Database) -> HistoryService:
    """A service that cuts its reading into parts of any size."""
    return HistoryService(
        database,
        HistoryStore(),
        first_read=draw(st.integers(15, 400)),
        export_read=draw(st.integers(15, 400)),
        timer=draw(timers),
    )


@pytest.fixture
def ledger(database: Database) -> list[Transaction]:
    return put_history(database, ENTRIES)


@pytest.fixture
def history(runtime: Runtime) -> HistoryService:
    return HistoryService.over(runtime)


def meant(ledger: Sequence[Transaction], wanted: LedgerFilter, last_seq: int | None = None) -> list[Transaction]:
    reversed_ids = {entry.reverses_id for entry in ledger if entry.reverses_id is not None}
    until = ledger if last_seq is None else ledger[: max(0, last_seq)]
    return [entry for entry in until if means(wanted, entry, reversed_ids)]


def searches(history: HistoryService, wanted: LedgerFilter, before_seq: int | None, limit: int) -> Iterator[Found]:
    while True:
        found = history.search(1, wanted, before_seq=before_seq, limit=limit)
        yield found
        if found.done:
            return
        assert before_seq is None or found.searched_to_seq < before_seq, "The search does not get on."
        before_seq = found.searched_to_seq


def counted(history: HistoryService, wanted: LedgerFilter, as_of_seq: int | None = None) -> Tally:
    tally = history.tally(1, wanted, as_of_seq=as_of_seq)
    while not tally.done:
        further = history.tally(1, wanted, tally)
        assert further.searched_to_seq < tally.searched_to_seq, "The count does not get on."
        assert further.entries >= tally.entries
        tally = further
    return tally


def exported(history: HistoryService, wanted: LedgerFilter, as_of_seq: int | None = None) -> list[dict[str, Any]]:
    pieces = list(history.export(1, wanted, ExportFormat.JSON_LINES, as_of_seq=as_of_seq))
    rows = [json.loads(line) for piece in pieces for line in piece.data.decode().splitlines()]
    assert pieces[-1].entries == len(rows)
    assert pieces[-1].searched_seq == pieces[-1].last_seq
    return rows


def as_exported(entry: Transaction) -> dict[str, Any]:
    moment = f"{entry.created_at:%Y-%m-%dT%H:%M:%S.%fZ}"
    values = {**asdict(entry), "created_at": moment}
    return {name: values[name] for name in COLUMNS}


def test_a_search_finds_what_is_there_however_it_is_cut(database: Database, ledger: list[Transaction]) -> None:
    @EXAMPLES
    @given(services(database), wanted_filters, seqs, st.integers(1, 60))
    def check(history: HistoryService, wanted: LedgerFilter, before_seq: int | None, limit: int) -> None:
        calls = list(searches(history, wanted, before_seq, limit))
        assert all(len(found.entries) <= limit for found in calls)
        entries = [entry for found in calls for entry in found.entries]
        assert entries == meant(ledger, wanted, None if before_seq is None else before_seq - 1)[::-1]
        for found in calls:
            reached = ledger[found.searched_to_seq - 1] if found.searched_to_seq <= ENTRIES else None
            assert found.searched_to_at == (reached.created_at if reached else None)

    check()


def test_a_count_and_its_sum_are_those_of_what_is_there(database: Database, ledger: list[Transaction]) -> None:
    @EXAMPLES
    @given(services(database), wanted_filters, seqs)
    def check(history: HistoryService, wanted: LedgerFilter, as_of_seq: int | None) -> None:
        tally = counted(history, wanted, as_of_seq)
        entries = meant(ledger, wanted, as_of_seq)
        assert (tally.entries, tally.amount_cents) == (len(entries), sum(entry.amount_cents for entry in entries))

    check()


def test_an_export_holds_exactly_what_is_meant_oldest_first(database: Database, ledger: list[Transaction]) -> None:
    @EXAMPLES
    @given(services(database), wanted_filters, seqs)
    def check(history: HistoryService, wanted: LedgerFilter, as_of_seq: int | None) -> None:
        entries = meant(ledger, wanted, as_of_seq)
        assert exported(history, wanted, as_of_seq) == [as_exported(entry) for entry in entries]

    check()


def test_the_ledger_as_of_a_moment_is_what_a_look_at_every_row_says(
    history: HistoryService, ledger: list[Transaction]
) -> None:
    instants = st.sampled_from(ledger).flatmap(
        lambda entry: st.sampled_from([-1, 0, 1]).map(lambda off: entry.created_at + timedelta(microseconds=off))
    )

    @EXAMPLES
    @given(instants | moments)
    def check(moment: datetime) -> None:
        there = [entry for entry in ledger if entry.created_at <= moment]
        assert history.at(1, moment) == len(there)
        assert history.balance_at(1, moment) == (there[-1].balance_after_cents if there else 0)

    check()


def test_the_parts_of_a_statement_add_up(history: HistoryService, ledger: list[Transaction]) -> None:
    ends = st.none() | moments | st.sampled_from([entry.created_at for entry in ledger])

    @EXAMPLES
    @given(ends, ends)
    def check(first: datetime | None, last: datetime | None) -> None:
        if first is not None and last is not None and first >= last:
            first, last = (last, first) if last < first else (first, None)
        statement = history.statement(1, Period(first, last))
        entries = meant(ledger, LedgerFilter(first=first, last=last))
        before = [entry for entry in ledger if first is not None and entry.created_at < first]
        assert statement.adds_up
        assert statement.entries == len(entries)
        assert list(range(statement.first_seq, statement.last_seq + 1)) == [entry.seq for entry in entries]
        assert statement.opening_cents == (before[-1].balance_after_cents if before else 0)
        assert statement.closing_cents == statement.opening_cents + sum(entry.amount_cents for entry in entries)
        for total in statement.totals:
            amounts = [entry.amount_cents for entry in entries if entry.kind is total.kind]
            assert total.entries == len(amounts)
            assert total.credits_cents == sum(cents for cents in amounts if cents > 0)
            assert total.debits_cents == sum(cents for cents in amounts if cents < 0)

    check()


@pytest.mark.parametrize(
    ("line", "texts"),
    [
        ('"0 %"', {TEXTS[1]}),
        ('"%_"', {TEXTS[1]}),
        ("gröSSe", {TEXTS[2]}),
        ("短信", {TEXTS[3]}),
        ("DÉJà", {TEXTS[4]}),
        ('"[/]"', {TEXTS[5]}),
        (r'"E\nb"', {TEXTS[7]}),
        ('"(?I)"', {TEXTS[9]}),
        ('"*?[A-Z]"', {TEXTS[9]}),
        ('"\'; drop"', {TEXTS[10]}),
        ('sms "+44"', {TEXTS[0]}),
        ("s%s", set()),
    ],
)
def test_a_text_is_found_letter_by_letter_in_either_case(
    line: str, texts: set[str], history: HistoryService, ledger: list[Transaction]
) -> None:
    found = history.search(1, parse_filter(line), limit=MAX_PAGE, budget_ms=60_000)
    assert found.done
    assert {entry.description for entry in found.entries} == texts


def test_what_arrives_later_changes_nothing_that_was_as_of_before(
    history: HistoryService, runtime: Runtime, ledger: list[Transaction]
) -> None:
    wanted = LedgerFilter(kinds=frozenset({TransactionKind.USAGE}))
    begun = history.tally(1, wanted, budget_ms=0)
    before = {form: list(history.export(1, wanted, form, as_of_seq=ENTRIES)) for form in ExportFormat}
    assert BalanceService.over(runtime).deduct(1, 77, "later").success
    assert {form: list(history.export(1, wanted, form, as_of_seq=ENTRIES)) for form in ExportFormat} == before
    assert history.tally(1, wanted, begun, budget_ms=60_000).entries == len(meant(ledger, wanted))
    assert counted(history, wanted).entries == len(meant(ledger, wanted)) + 1
    assert history.at(1, ledger[-1].created_at) == ENTRIES
    later = history.search(1, parse_filter("later"), budget_ms=60_000)
    assert [entry.amount_cents for entry in later.entries] == [-77]


def test_an_export_is_the_same_byte_for_byte_on_either_database(history: HistoryService, runtime: Runtime) -> None:
    account, balance = AccountService.over(runtime).create("maria@example.com"), BalanceService.over(runtime)
    balance.add_credits(account.id, 1_000, '=1+1, "ö"', idempotency_key="-k1")
    balance.deduct(account.id, 7, "SMS", kind=TransactionKind.USAGE)
    written = {
        form: b"".join(piece.data for piece in history.export(account.id, LedgerFilter(), form)).decode()
        for form in ExportFormat
    }
    assert written[ExportFormat.CSV] == (
        "seq,created_at,kind,amount_cents,balance_after_cents,description,order_id,actor,idempotency_key,id,reverses_id"
        "\r\n"
        '1,2026-11-23T14:03:07.000000Z,adjustment,1000,1000,"\'=1+1, ""ö""",,anna,\'-k1,1,\r\n'
        "2,2026-11-23T14:03:07.000000Z,usage,-7,993,SMS,,anna,,2,\r\n"
    )
    assert written[ExportFormat.JSON_LINES] == (
        '{"seq":1,"created_at":"2026-11-23T14:03:07.000000Z","kind":"adjustment","amount_cents":1000,'
        '"balance_after_cents":1000,"description":"=1+1, \\"\\u00f6\\"","order_id":null,"actor":"anna",'
        '"idempotency_key":"-k1","id":1,"reverses_id":null}\n'
        '{"seq":2,"created_at":"2026-11-23T14:03:07.000000Z","kind":"usage","amount_cents":-7,'
        '"balance_after_cents":993,"description":"SMS","order_id":null,"actor":"anna",'
        '"idempotency_key":null,"id":2,"reverses_id":null}\n'
    )


def test_an_account_without_entries_has_an_empty_history(history: HistoryService, ledger: list[Transaction]) -> None:
    for wanted in (LedgerFilter(), parse_filter("sms 2026-10 order:1")):
        found = history.search(3, wanted)
        assert (found.entries, found.done, found.searched_to_at) == ((), True, None)
        tally = history.tally(3, wanted)
        assert (tally.entries, tally.amount_cents, tally.done) == (0, 0, True)
        (head,) = history.export(3, wanted, ExportFormat.CSV)
        assert (head.entries, head.data.count(b"\n")) == (0, 1)
    assert (history.at(3, END), history.balance_at(3, END)) == (0, 0)
    statement = history.statement(3, parse_period("2026-10"))
    assert (statement.opening_cents, statement.totals, statement.closing_cents, statement.entries) == (0, (), 0, 0)


@pytest.mark.parametrize("account_id", [4, 0, -1, 2**63, True])
def test_an_account_that_is_not_there_is_named(account_id: int, history: HistoryService) -> None:
    for read in (
        lambda: history.search(account_id, LedgerFilter()),
        lambda: history.tally(account_id, LedgerFilter()),
        lambda: history.at(account_id, END),
        lambda: history.balance_at(account_id, END),
        lambda: history.statement(account_id, Period()),
        lambda: history.export(account_id, LedgerFilter(), ExportFormat.CSV),
    ):
        with pytest.raises(NotFound, match="There is no account"):
            read()


def test_what_cannot_be_asked_is_refused(history: HistoryService, ledger: list[Transaction]) -> None:
    for limit in (0, -1, MAX_PAGE + 1):
        with pytest.raises(InvalidInput, match="1 to 1000 entries"):
            history.search(1, LedgerFilter(), limit=limit)
    with pytest.raises(InvalidInput, match="time zone"):
        history.at(1, datetime(2026, 10, 1))  # noqa: DTZ001 - it has no time zone, which is the point
