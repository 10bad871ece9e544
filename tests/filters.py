"""Filters of a ledger for property tests, and what they mean said once more in plain Python."""

from collections.abc import Set
from datetime import UTC, datetime

from hypothesis import strategies as st

from services.domain.ledger import Transaction, TransactionKind
from services.domain.ledger_filter import LedgerFilter
from services.domain.money import MAX_AMOUNT_CENTS
from services.domain.text import is_storable

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)

storable_texts = st.text(min_size=1, max_size=8).filter(is_storable)
ids = st.integers(1, 2**63 - 1)
amounts = st.integers(-MAX_AMOUNT_CENTS, MAX_AMOUNT_CENTS) | st.integers(-1_100, 1_100)


def _moments(first: datetime, last: datetime) -> st.SearchStrategy[datetime]:
    """Any moment from `first` to `last`, and often the beginning of a day or a month."""
    naive = st.datetimes(first.replace(tzinfo=None), last.replace(tzinfo=None)).map(lambda at: at.replace(tzinfo=UTC))
    days = naive.map(lambda at: at.replace(hour=0, minute=0, second=0, microsecond=0))
    return naive | days | days.map(lambda at: at.replace(day=1))


@st.composite
def filters(
    draw: st.DrawFn,
    *,
    texts: st.SearchStrategy[str] = storable_texts,
    actors: st.SearchStrategy[str] = storable_texts,
    cents: st.SearchStrategy[int] = amounts,
    order_ids: st.SearchStrategy[int] = ids,
    first: datetime = FIRST,
    last: datetime = LAST,
) -> LedgerFilter:
    """A filter that asks for few things or many: most fields are left out most of the time."""

    def maybe(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
        return st.one_of(st.none(), st.none(), st.none(), strategy)

    bounds = sorted(draw(st.lists(cents, min_size=2, max_size=2)))
    span = sorted(draw(st.lists(_moments(first, last), min_size=2, max_size=2, unique=True)))
    open_ends = st.sampled_from([(None, None), (None, None), (0, None), (None, 1), (0, 1)])
    (lowest, highest), (begin, end) = draw(open_ends), draw(open_ends)
    return LedgerFilter(
        kinds=frozenset(draw(st.sets(st.sampled_from(TransactionKind), max_size=3) | st.just(set()))),
        sign=draw(maybe(st.sampled_from(["credit", "debit"]))),  # type: ignore[arg-type]
        min_cents=None if lowest is None else bounds[0],
        max_cents=None if highest is None else bounds[1],
        first=None if begin is None else span[0],
        last=None if end is None else span[1],
        texts=tuple(draw(st.lists(texts, max_size=2) | st.just([]))),
        order_id=draw(maybe(order_ids)),  # type: ignore[arg-type]
        actor=draw(maybe(actors)),  # type: ignore[arg-type]
        reversed=draw(st.sampled_from([False, False, False, True])),
    )


def means(wanted: LedgerFilter, entry: Transaction, reversed_ids: Set[int]) -> bool:
    """Whether a filter means an entry; `reversed_ids` are the entries that were taken back."""
    return all(
        (
            not wanted.kinds or entry.kind in wanted.kinds,
            wanted.sign is None or (entry.amount_cents > 0) == (wanted.sign == "credit"),
            wanted.min_cents is None or entry.amount_cents >= wanted.min_cents,
            wanted.max_cents is None or entry.amount_cents <= wanted.max_cents,
            wanted.first is None or entry.created_at >= wanted.first,
            wanted.last is None or entry.created_at < wanted.last,
            wanted.order_id is None or entry.order_id == wanted.order_id,
            wanted.actor is None or entry.actor == wanted.actor,
            not wanted.reversed or entry.id in reversed_ids,
            all(_holds(entry.description, text) for text in wanted.texts),
        )
    )


def _holds(description: str, text: str) -> bool:
    """Whether a text is in a description, letter by letter, where a letter of the text stands for either case."""
    places = range(len(description) - len(text) + 1)
    return any(all(map(_same_letter, text, description[place:])) for place in places)


def _same_letter(wanted: str, found: str) -> bool:
    return found in (wanted, wanted.lower(), wanted.upper())
