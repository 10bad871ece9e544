"""The filter of a ledger: what it asks for, and the one line that it is typed as."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from services.domain.ledger import TransactionKind
from services.domain.money import MAX_AMOUNT_CENTS, parse_cents
from services.domain.period import Period, parse_period, period_word
from services.domain.text import is_id, is_storable
from services.errors import InvalidInput

MAX_TEXT = 500
"""The most characters that one text of a filter has: as many as a description."""

Sign = Literal["credit", "debit"]

_KEYS = ("kind", "is", "order", "by")
_ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "r": "\r", "t": "\t"}
_WORD = re.compile(r'(?P<head>(?:[a-z]+:)?)(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s"]+))(?=\s|$)', re.DOTALL)
_AMOUNT = re.compile(r"amt(?P<operator><=|>=|<|>|=)(?P<amount>.*)", re.DOTALL)
_PERIOD = re.compile(r"\.\.|[0-9]{4}-[0-9]{1,2}(?![0-9])", re.ASCII)
_KEYED = re.compile(r"[a-z]+:")
_LETTERS = re.compile(r"[^\W\d_]+")
_BARE_ACTOR = re.compile(r"[\w.@+-]+")
_ORDER = re.compile(r"#?(?P<number>[0-9]{1,19})", re.ASCII)


@dataclass(frozen=True)
class LedgerFilter:
    """Which entries of a ledger are meant: those to which everything that is given here applies. Empty, it is all.

    `min_cents` and `max_cents` bound the signed amount and belong to it; `first` to `last` is a period in UTC, without
    `last` itself. Every one of `texts` is in the description, letter for letter but in either case. `reversed` means
    entries that were taken back by another one. Raises `InvalidInput` for what no entry can be.
    """

    kinds: frozenset[TransactionKind] = frozenset()
    sign: Sign | None = None
    min_cents: int | None = None
    max_cents: int | None = None
    first: datetime | None = None
    last: datetime | None = None
    texts: tuple[str, ...] = ()
    order_id: int | None = None
    actor: str | None = None
    reversed: bool = False

    def __post_init__(self) -> None:
        for cents in (self.min_cents, self.max_cents):
            if cents is not None and abs(cents) > MAX_AMOUNT_CENTS:
                raise InvalidInput("An amount is at most 999,999,999.99 either way.", field="filter")
        if self.min_cents is not None and self.max_cents is not None and self.min_cents > self.max_cents:
            raise InvalidInput("No amount is within these bounds.", field="filter")
        Period(self.first, self.last)
        for text in self.texts:
            _check_text(text)
        if self.order_id is not None and not is_id(self.order_id):
            raise InvalidInput("An order is named by its number.", field="filter")
        if self.actor is not None:
            _check_text(self.actor)

    @property
    def period(self) -> Period:
        """The period alone."""
        return Period(self.first, self.last)

    @property
    def is_period(self) -> bool:
        """Whether nothing but a period is asked for, if that: then every entry of a range is meant."""
        return self == LedgerFilter(first=self.first, last=self.last)


def parse_filter(line: str) -> LedgerFilter:
    """The filter that a line of words means, all of which must apply.

    `kind:usage,top_up`, `is:credit`, `is:debit`, `is:reversed`, `amt<-5.00` (also `<=`, `>`, `>=`, `=`), `order:12`,
    `by:anna`, `2026-10`, `2026-10-05`, `2026-10..2026-11-05` (either end may be left out), and any other word or
    `"words in quotes"`, in which `\\"` is a quote: a text in the description.

    Raises `InvalidInput` that names the word and the rule it breaks.
    """
    parsed = _Parsed()
    position = 0
    while rest := line[position:].lstrip():
        position = len(line) - len(rest)
        match = _WORD.match(line, position)
        if match is None:
            raise InvalidInput(f"{rest.split()[0]}: a text in quotes ends with a quote and a space.", field="filter")
        parsed = parsed.with_word(match)
        position = match.end()
    return parsed.filter


def keyed_filter(key: Literal["order", "by"], text: str) -> LedgerFilter:
    """The filter of one word, whose value was typed by itself. Raises `InvalidInput`."""
    return _Parsed().with_value(key, text).filter


def filter_line(ledger_filter: LedgerFilter) -> str:
    """The line that `parse_filter` reads as this filter."""
    words = []
    if ledger_filter.kinds:
        words.append("kind:" + ",".join(kind for kind in TransactionKind if kind in ledger_filter.kinds))
    if ledger_filter.sign is not None:
        words.append(f"is:{ledger_filter.sign}")
    if ledger_filter.reversed:
        words.append("is:reversed")
    if ledger_filter.min_cents is not None and ledger_filter.min_cents == ledger_filter.max_cents:
        words.append(f"amt={_amount_word(ledger_filter.min_cents)}")
    else:
        if ledger_filter.min_cents is not None:
            words.append(f"amt>={_amount_word(ledger_filter.min_cents)}")
        if ledger_filter.max_cents is not None:
            words.append(f"amt<={_amount_word(ledger_filter.max_cents)}")
    if ledger_filter.period != Period():
        words.append(period_word(ledger_filter.period))
    if ledger_filter.order_id is not None:
        words.append(f"order:{ledger_filter.order_id}")
    if ledger_filter.actor is not None:
        words.append(f"by:{_quoted_unless(_BARE_ACTOR, ledger_filter.actor)}")
    words.extend(_quoted_unless(_LETTERS, text) for text in ledger_filter.texts)
    return " ".join(words)


@dataclass(frozen=True)
class Suggestion:
    """One way to go on with a line: the line with the word complete, and what that word means."""

    line: str
    meaning: str


WORDS = (
    *((f"kind:{kind}", f"entries of the kind {kind.value.replace('_', '-')}") for kind in TransactionKind),
    ("is:credit", "money that came in"),
    ("is:debit", "money that went out"),
    ("is:reversed", "entries that were taken back"),
    ("amt<", "amounts below, like amt<-5.00"),
    ("amt<=", "amounts up to, like amt<=-5.00"),
    ("amt>", "amounts above, like amt>10"),
    ("amt>=", "amounts from, like amt>=10"),
    ("amt=", "exactly this amount, like amt=29.99"),
    ("order:", "entries of an order, like order:12"),
    ("by:", "entries that somebody made, like by:anna"),
)
"""The beginnings that a word may have, each with its meaning. Periods and texts need none."""


def suggestions(line: str) -> list[Suggestion]:
    """How the last word of a line may go on, in the order of `WORDS`; nothing where it has not begun."""
    start = re.search(r"\S*$", line)
    begun = start.group() if start else ""
    if not begun:
        return []
    head = line.removesuffix(begun)
    if begun.startswith("kind:") and "," in begun:
        # the kinds of a list that came before are kept, and not offered again
        chosen, _, begun = begun.removeprefix("kind:").rpartition(",")
        kinds = [kind for kind in TransactionKind if kind.startswith(begun) and kind not in chosen.split(",")]
        return [Suggestion(f"{head}kind:{chosen},{kind}", dict(WORDS)[f"kind:{kind}"]) for kind in kinds]
    return [Suggestion(head + word, meaning) for word, meaning in WORDS if word.startswith(begun) and word != begun]


@dataclass(frozen=True)
class _Parsed:
    """The words of a line so far: their filter, and those that may stand there once only."""

    filter: LedgerFilter = LedgerFilter()
    seen: frozenset[str] = field(default=frozenset())

    def with_word(self, match: re.Match[str]) -> "_Parsed":
        """One word more. Raises `InvalidInput` with the word before the rule."""
        head, quoted, bare = match["head"], match["quoted"], match["bare"]
        try:
            if head and head[:-1] not in _KEYS:
                raise InvalidInput(f"there is no {head} in a filter; a text with a colon is put in quotes.")
            if quoted is None and not head and _KEYED.fullmatch(bare):
                raise InvalidInput("a value follows the colon.")
            value = bare if quoted is None else re.sub(r"\\(.)", _unescaped, quoted, flags=re.DOTALL)
            if head:
                return self.with_value(head[:-1], value)
            if quoted is None and (amount := _AMOUNT.fullmatch(value)):
                return self._amount(amount["operator"], amount["amount"])
            if quoted is None and _PERIOD.match(value):
                period = parse_period(value)
                return self._once("period", first=period.first, last=period.last)
            return replace(self, filter=replace(self.filter, texts=(*self.filter.texts, value)))
        except InvalidInput as error:
            raise InvalidInput(f"{match.group()}: {error.sentence}", field="filter") from None

    def with_value(self, key: str, value: str) -> "_Parsed":
        """The value of a key more. Raises `InvalidInput`."""
        match key:
            case "kind":
                return self._once(key, kinds=frozenset(map(_kind, value.split(","))))
            case "order":
                number = _ORDER.fullmatch(value)
                return self._once(key, order_id=int(number["number"]) if number else 0)
            case "by":
                return self._once(key, actor=value)
        match value:
            case "credit" | "debit":
                return self._once("sign", sign=value)
            case "reversed":
                return self._once("reversed", reversed=True)
        raise InvalidInput("an entry is:credit, is:debit or is:reversed.")

    def _amount(self, operator: str, text: str) -> "_Parsed":
        cents = parse_cents(text)
        lowest = {">": cents + 1, ">=": cents, "=": cents}.get(operator)
        highest = {"<": cents - 1, "<=": cents, "=": cents}.get(operator)
        narrowed = replace(
            self.filter,
            min_cents=_of_both(max, self.filter.min_cents, lowest),
            max_cents=_of_both(min, self.filter.max_cents, highest),
        )
        return replace(self, filter=narrowed)

    def _once(self, subject: str, **values: object) -> "_Parsed":
        if subject in self.seen:
            raise InvalidInput("a filter says this once only.")
        return _Parsed(replace(self.filter, **values), self.seen | {subject})  # type: ignore[arg-type]


def _kind(word: str) -> TransactionKind:
    try:
        return TransactionKind(word.replace("-", "_"))
    except ValueError:
        raise InvalidInput(f"a kind is one of {', '.join(TransactionKind)}.") from None


def _of_both(choose: Callable[[int, int], int], one: int | None, other: int | None) -> int | None:
    return choose(one, other) if one is not None and other is not None else one if other is None else other


def _unescaped(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[1], match[0])


def _quoted_unless(bare: re.Pattern[str], text: str) -> str:
    if bare.fullmatch(text):
        return text
    for letter, meant in (("\\", "\\"), ('"', '"'), ("n", "\n"), ("r", "\r"), ("t", "\t")):
        text = text.replace(meant, f"\\{letter}")
    return f'"{text}"'


def _amount_word(cents: int) -> str:
    units, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{units}.{rest:02d}"


def _check_text(text: str) -> None:
    if not text:
        raise InvalidInput("A text must not be empty.", field="filter")
    if len(text) > MAX_TEXT:
        raise InvalidInput(f"A text has at most {MAX_TEXT} characters.", field="filter")
    if not is_storable(text):
        raise InvalidInput("A text holds a character that cannot be stored.", field="filter")
