"""From values to safe text: the one formatter of the desk and of the command line.

Text that comes from outside (descriptions, e-mails, codes, whatever Stripe returns) goes through `visible` or
`untrusted` before it is shown, and is never given to a widget as a plain `str`, which may be parsed as markup.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.content import Content

    from services.domain.card import Card
    from services.domain.checkout import OrderStatus
    from services.domain.discount import CodeStatus

MINUS = "\u2212"
ELLIPSIS = "…"
NOTHING = "–"
"""Stands where there is no value."""

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""The names of the months, which do not follow the machine's locale."""

_PLAIN = re.compile(r"[\x20-\x7e]*")
_NAMED = {"\n": "⏎", "\r": "␍", "\t": "⇥", "\x1b": "␛", "\x00": "␀", "\x7f": "␡"}
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
    + "".join(map(chr, range(0x180B, 0x1810)))
    + "".join(map(chr, range(0xFE00, 0xFE10)))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)
"""What Unicode calls printable and no screen shows: fillers, joiners and variation selectors."""


def visible(text: str) -> str:
    """`text` with every control, direction, zero-width and unassigned character made visible, on one line.

    What is left moves no cursor, turns no line around and hides nothing; everything else stays letter for letter.
    """
    if _PLAIN.fullmatch(text):
        return text
    shown = "".join(map(_visible_character, text))
    # A mark that combines with the character before it would change what the desk itself wrote there.
    return f"◌{shown}" if unicodedata.category(shown[0]).startswith("M") else shown


def _visible_character(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    if character < " ":
        return chr(0x2400 + ord(character))
    if character in _INVISIBLE:
        return f"⟨{ord(character):04X}⟩"
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return f"⟨{ord(character):04X}⟩"


def untrusted(text: str, style: str = "") -> "Content":
    """Text from outside as content for a widget: visible, on one line, and without markup."""
    from textual.content import Content

    shown = visible(text)
    return Content.styled(shown, style) if style else Content(shown)


def fit(text: str, width: int) -> str:
    """`text` made visible and cut or padded to exactly `width` cells; a cut ends in an ellipsis."""
    from rich.cells import cell_len, set_cell_size

    shown = visible(text)
    if cell_len(shown) <= width:
        return set_cell_size(shown, width)
    return set_cell_size(shown, width - 1) + ELLIPSIS if width > 0 else ""


def cents(amount: int) -> str:
    """An amount for reading: 123456 is `$1,234.56`, −7 is `−$0.07`."""
    units, rest = divmod(abs(amount), 100)
    return f"{MINUS if amount < 0 else ''}${units:,}.{rest:02d}"


def signed_cents(amount: int) -> str:
    """A movement for reading: 1000 is `+$10.00`, −7 is `−$0.07`, 0 is `$0.00`."""
    return f"+{cents(amount)}" if amount > 0 else cents(amount)


def editable_cents(amount: int) -> str:
    """An amount as it is typed into a field: 2999 is `29.99`."""
    units, rest = divmod(abs(amount), 100)
    return f"{'-' if amount < 0 else ''}{units}.{rest:02d}"


def percent(basis_points: int) -> str:
    """Basis points for reading: 1000 is `10 %`, 1250 is `12.5 %`."""
    whole, hundredths = divmod(abs(basis_points), 100)
    fraction = f".{hundredths:02d}".rstrip("0") if hundredths else ""
    return f"{MINUS if basis_points < 0 else ''}{whole}{fraction} %"


def change_percent(before_cents: int, after_cents: int) -> str:
    """How far an amount moves, to a tenth of a percent: `−6.7 %`, `+20.0 %`; from nothing it is `new`."""
    if before_cents == 0:
        return "new" if after_cents else "0.0 %"
    difference = after_cents - before_cents
    tenths = (abs(difference) * 2000 + before_cents) // (2 * before_cents)
    sign = "" if difference == 0 else MINUS if difference < 0 else "+"
    return f"{sign}{tenths // 10:,}.{tenths % 10} %"


def moment(at: datetime, now: datetime, *, seconds: bool = True) -> str:
    """A moment in UTC: `23 Nov 14:01:55`, with the year where it is not this one."""
    at = at.astimezone(UTC)
    year = "" if at.year == now.astimezone(UTC).year else f" {at.year}"
    clock = f"{at:%H:%M:%S}" if seconds else f"{at:%H:%M}"
    return f"{at.day:>2} {MONTHS[at.month - 1]}{year} {clock}"


def span(length: timedelta) -> str:
    """A length of time in its largest whole unit: `40 s`, `2 min`, `3 h`, `5 d`."""
    seconds = max(0, int(length.total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def age(at: datetime, now: datetime) -> str:
    """How long ago a moment was: `2 min`."""
    return span(now - at)


def count(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: `1 code`, `3 codes`, `1,000,000 entries`."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def card_text(card: "Card") -> str:
    """A saved card as people know it: `visa •••• 4242 exp 11/27`."""
    return visible(f"{card.brand} •••• {card.last4} exp {card.expiry}")


_STATUS_STYLE = {
    "created": "$text-warning",
    "open": "$text-primary",
    "paid": "$text-success",
    "expired": "$muted",
    "failed": "$text-error",
    "needs_review": "bold $text-error",
    "active": "$text-success",
    "scheduled": "$text-primary",
    "sold_out": "$text-warning",
    "disabled": "$muted",
}
"""By the value of a state, for orders and codes alike."""

_STATUS_WORD = {"created": "unknown"}
"""An order whose request is stored and whose answer is not: nobody knows yet what became of it."""


def status_word(state: "OrderStatus | CodeStatus") -> str:
    """A state as one or two words: `paid`, `needs review`, `sold out`."""
    return _STATUS_WORD.get(state) or state.value.replace("_", " ")


def status(state: "OrderStatus | CodeStatus") -> "Content":
    """A state as a word in the colour of the state."""
    from textual.content import Content

    return Content.styled(status_word(state), _STATUS_STYLE[state])
