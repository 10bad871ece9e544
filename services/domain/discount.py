"""Discount codes: their canonical form, what they take off a price, and why one is refused."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.domain.money import MAX_CHARGE_CENTS, format_cents
from services.errors import InvalidInput

FULL_BASIS_POINTS = 10_000
"""100 % in basis points; one percent is 100 of them."""

_CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{1,39}", re.ASCII)


class CodeStatus(StrEnum):
    """What a code is good for now."""

    ACTIVE = "active"
    SOLD_OUT = "sold_out"
    DISABLED = "disabled"


class Refusal(StrEnum):
    """Why a code cannot be used: one machine code, and in `sentence` one sentence for the person."""

    UNKNOWN = "unknown"
    DISABLED = "disabled"
    SOLD_OUT = "sold_out"

    def sentence(self, code: str) -> str:
        """Why `code` is refused, for a screen."""
        return {
            Refusal.UNKNOWN: f"There is no code {code}.",
            Refusal.DISABLED: f"The code {code} is disabled.",
            Refusal.SOLD_OUT: f"The code {code} has no uses left.",
        }[self]


class RedemptionStatus(StrEnum):
    """What became of one use of a code."""

    HELD = "held"
    REDEEMED = "redeemed"
    RELEASED = "released"


@dataclass(frozen=True)
class DiscountCode:
    """A code in canonical form that takes a percentage or a fixed amount off the price.

    Exactly one of `percent_basis_points` (1 to 10,000) and `amount_off_cents` is set. `max_uses` None: no limit.
    `held` uses belong to unpaid checkouts, `redeemed` ones to paid ones.
    """

    id: int
    code: str
    percent_basis_points: int | None
    amount_off_cents: int | None
    max_uses: int | None
    active: bool
    held: int
    redeemed: int
    created_at: datetime

    @property
    def uses(self) -> int:
        """How many uses are taken: held or redeemed."""
        return self.held + self.redeemed

    @property
    def uses_left(self) -> int | None:
        """How many uses can still be taken; None without a limit."""
        return None if self.max_uses is None else max(0, self.max_uses - self.uses)

    @property
    def status(self) -> CodeStatus:
        """What the code is good for now."""
        if not self.active:
            return CodeStatus.DISABLED
        return CodeStatus.SOLD_OUT if self.uses_left == 0 else CodeStatus.ACTIVE

    @property
    def refusal(self) -> Refusal | None:
        """Why the code cannot be used now; None if it can."""
        return {
            CodeStatus.ACTIVE: None,
            CodeStatus.SOLD_OUT: Refusal.SOLD_OUT,
            CodeStatus.DISABLED: Refusal.DISABLED,
        }[self.status]

    @property
    def value_text(self) -> str:
        """What the code takes off, as text: `"10 %"`, `"12.5 %"` or `"$20.00"`."""
        if self.percent_basis_points is None:
            return format_cents(self.amount_off_cents or 0)
        percent, hundredths = divmod(self.percent_basis_points, 100)
        return f"{percent}{f'.{hundredths:02d}'.rstrip('0') if hundredths else ''} %"

    def discount_on(self, base_cents: int) -> int:
        """The cents taken off `base_cents`: rounded half up to a whole cent, and never more than the base."""
        if self.percent_basis_points is None:
            return min(base_cents, self.amount_off_cents or 0)
        return (base_cents * self.percent_basis_points + FULL_BASIS_POINTS // 2) // FULL_BASIS_POINTS


def canonical_code(text: str) -> str:
    """The one form in which a code is stored and compared: ASCII, trimmed, upper case.

    Raises `InvalidInput` where the text is not 2 to 40 letters, digits, dashes and underscores. The check for ASCII
    comes before `upper()`, which would turn other scripts' letters (ı, ſ, K, ﬁ) into ASCII ones.
    """
    trimmed = text.strip()
    if not trimmed.isascii() or _CODE.fullmatch(trimmed.upper()) is None:
        raise InvalidInput("A code is 2 to 40 letters A-Z, digits, - or _.", field="code")
    return trimmed.upper()


def check_value(percent_basis_points: int | None, amount_off_cents: int | None, max_uses: int | None) -> None:
    """Raises `InvalidInput` unless exactly one value is given, within its range, and the limit is at least 1."""
    if (percent_basis_points is None) == (amount_off_cents is None):
        raise InvalidInput("A code takes off either a percentage or a fixed amount.", field="value")
    if percent_basis_points is not None and (
        type(percent_basis_points) is not int or not 1 <= percent_basis_points <= FULL_BASIS_POINTS
    ):
        raise InvalidInput("A percentage is from 0.01 to 100.", field="percent_basis_points")
    if amount_off_cents is not None and (
        type(amount_off_cents) is not int or not 1 <= amount_off_cents <= MAX_CHARGE_CENTS
    ):
        raise InvalidInput("A fixed amount is from 0.01 to 999,999.99.", field="amount_off_cents")
    if max_uses is not None and (type(max_uses) is not int or not 1 <= max_uses <= 1_000_000_000):
        raise InvalidInput("A limit is a whole number from 1; leave it empty for none.", field="max_uses")
