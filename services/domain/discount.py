"""Discount codes: their canonical form, what they take off a price, and why one is refused."""

import re
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum

from services.domain.money import MAX_CHARGE_CENTS, format_cents
from services.domain.pricing import PriceMode
from services.domain.text import check_text
from services.errors import InvalidInput

FULL_BASIS_POINTS = 10_000
"""100 % in basis points; one percent is 100 of them."""

MAX_LIMIT = 1_000_000_000
"""The largest limit of uses."""

MAX_NOTE = 200
"""The most characters that a code's note has."""

_CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{1,39}", re.ASCII)


class CodeStatus(StrEnum):
    """What a code is good for at a moment."""

    ACTIVE = "active"
    SCHEDULED = "scheduled"
    EXPIRED = "expired"
    SOLD_OUT = "sold_out"
    DISABLED = "disabled"


class Refusal(StrEnum):
    """Why a code cannot be used: one machine code, and in `sentence` one sentence for the person."""

    UNKNOWN = "unknown"
    DISABLED = "disabled"
    NOT_STARTED = "not_started"
    EXPIRED = "expired"
    SOLD_OUT = "sold_out"
    PER_ACCOUNT = "per_account"
    MIN_AMOUNT = "min_amount"
    FIRST_PURCHASE = "first_purchase"
    NOT_STACKABLE = "not_stackable"
    BELOW_MINIMUM = "below_minimum"

    def sentence(self, code: str) -> str:
        """Why `code` is refused, for a screen."""
        return {
            Refusal.UNKNOWN: f"There is no code {code}.",
            Refusal.DISABLED: f"The code {code} is disabled.",
            Refusal.NOT_STARTED: f"The code {code} cannot be used yet.",
            Refusal.EXPIRED: f"The code {code} has expired.",
            Refusal.SOLD_OUT: f"The code {code} has no uses left.",
            Refusal.PER_ACCOUNT: f"This account has used the code {code} as often as one account can.",
            Refusal.MIN_AMOUNT: f"The price is below the minimum amount of the code {code}.",
            Refusal.FIRST_PURCHASE: f"The code {code} is for the first purchase of an account.",
            Refusal.NOT_STACKABLE: f"The code {code} takes nothing off the launch price.",
            Refusal.BELOW_MINIMUM: f"With the code {code} too little would be left to pay: Stripe charges from $0.50.",
        }[self]


_REFUSED_BY_STATUS = {
    CodeStatus.ACTIVE: None,
    CodeStatus.SCHEDULED: Refusal.NOT_STARTED,
    CodeStatus.EXPIRED: Refusal.EXPIRED,
    CodeStatus.SOLD_OUT: Refusal.SOLD_OUT,
    CodeStatus.DISABLED: Refusal.DISABLED,
}


class RedemptionStatus(StrEnum):
    """What became of one use of a code."""

    HELD = "held"
    REDEEMED = "redeemed"
    RELEASED = "released"


@dataclass(frozen=True)
class AccountFacts:
    """What a code needs to know of the account that wants to use it.

    `uses` of this code are held or redeemed by the account. `has_purchased`: it paid for an initial purchase before, or
    holds a code for a first purchase in an open checkout.
    """

    uses: int
    has_purchased: bool


@dataclass(frozen=True)
class CodeTerms:
    """What an admin decides about a code. None: no such rule.

    Exactly one of `percent_basis_points` (1 to 10,000) and `amount_off_cents` is set. The code can be used from
    `starts_at` on and before `ends_at`, by `max_uses` checkouts in all and `per_account_limit` of one account, on a
    price from `min_amount_cents`. Without `stacks_on_launch` it takes nothing off the launch price.
    """

    percent_basis_points: int | None = None
    amount_off_cents: int | None = None
    max_uses: int | None = None
    per_account_limit: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    min_amount_cents: int | None = None
    first_purchase_only: bool = False
    stacks_on_launch: bool = True
    note: str = ""

    def __post_init__(self) -> None:
        """Raises `InvalidInput` naming the field that breaks its rule."""
        check_value(self.percent_basis_points, self.amount_off_cents, self.max_uses)
        _check_whole(self.per_account_limit, "per_account_limit", MAX_LIMIT, _LIMIT_RULE)
        _check_whole(self.min_amount_cents, "min_amount_cents", MAX_CHARGE_CENTS, _AMOUNT_RULE)
        for name in ("starts_at", "ends_at"):
            moment = getattr(self, name)
            if moment is not None and (not isinstance(moment, datetime) or moment.tzinfo is None):
                raise InvalidInput("A window begins and ends at moments with a time zone.", field=name)
        if self.starts_at is not None and self.ends_at is not None and self.ends_at <= self.starts_at:
            raise InvalidInput("A window ends after it begins.", field="ends_at")
        for name in ("first_purchase_only", "stacks_on_launch"):
            if type(getattr(self, name)) is not bool:
                raise InvalidInput("This is either true or false.", field=name)
        if check_text(self.note, field="note", longest=MAX_NOTE, required=False) != self.note:
            raise InvalidInput("A note neither begins nor ends with a space.", field="note")


@dataclass(frozen=True)
class DiscountCode:
    """A code in canonical form that takes a percentage or a fixed amount off the price, by its `terms`.

    `held` uses belong to unpaid checkouts, `redeemed` ones to paid ones. `as_of` is the moment it was read at.
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
    per_account_limit: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    min_amount_cents: int | None = None
    first_purchase_only: bool = False
    stacks_on_launch: bool = True
    note: str = ""
    as_of: datetime | None = field(default=None, compare=False, repr=False)

    @property
    def terms(self) -> CodeTerms:
        """What an admin decided about the code."""
        return CodeTerms(**{term.name: getattr(self, term.name) for term in fields(CodeTerms)})

    @property
    def uses(self) -> int:
        """How many uses are taken: held or redeemed."""
        return self.held + self.redeemed

    @property
    def uses_left(self) -> int | None:
        """How many uses can still be taken; None without a limit."""
        return None if self.max_uses is None else max(0, self.max_uses - self.uses)

    @property
    def uses_over(self) -> int:
        """How many more uses are taken than the limit allows, where it was set below them."""
        return 0 if self.max_uses is None else max(0, self.uses - self.max_uses)

    @property
    def status(self) -> CodeStatus:
        """What the code was good for when it was read."""
        return self.status_at(self.as_of or self.created_at)

    def status_at(self, moment: datetime) -> CodeStatus:
        """What the code is good for at a moment, with the uses that were taken when it was read.

        The window is half open: the code can be used at `starts_at`, and at `ends_at` no more.
        """
        if not self.active:
            return CodeStatus.DISABLED
        if self.ends_at is not None and moment >= self.ends_at:
            return CodeStatus.EXPIRED
        if self.starts_at is not None and moment < self.starts_at:
            return CodeStatus.SCHEDULED
        return CodeStatus.SOLD_OUT if self.uses_left == 0 else CodeStatus.ACTIVE

    def refusal_at(
        self,
        moment: datetime,
        base_cents: int | None = None,
        price_mode: PriceMode | None = None,
        account: AccountFacts | None = None,
    ) -> Refusal | None:
        """Why the code cannot be used; None if it can. A rule about what is not given is not looked at."""
        by_status = _REFUSED_BY_STATUS[self.status_at(moment)]
        return by_status or self.terms_refusal(base_cents, price_mode, account)

    def terms_refusal(
        self, base_cents: int | None, price_mode: PriceMode | None, account: AccountFacts | None
    ) -> Refusal | None:
        """Why the code is not for this price or this account, whatever its status; None if it is."""
        if price_mode is PriceMode.LAUNCH and not self.stacks_on_launch:
            return Refusal.NOT_STACKABLE
        if base_cents is not None and base_cents < (self.min_amount_cents or 0):
            return Refusal.MIN_AMOUNT
        if account is None:
            return None
        if self.first_purchase_only and account.has_purchased:
            return Refusal.FIRST_PURCHASE
        if self.per_account_limit is not None and account.uses >= self.per_account_limit:
            return Refusal.PER_ACCOUNT
        return None

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


_LIMIT_RULE = "A limit is a whole number from 1; leave it empty for none."
_AMOUNT_RULE = "A fixed amount is from 0.01 to 999,999.99."


def check_value(percent_basis_points: int | None, amount_off_cents: int | None, max_uses: int | None) -> None:
    """Raises `InvalidInput` unless exactly one value is given, within its range, and the limit is at least 1."""
    if (percent_basis_points is None) == (amount_off_cents is None):
        raise InvalidInput("A code takes off either a percentage or a fixed amount.", field="value")
    _check_whole(percent_basis_points, "percent_basis_points", FULL_BASIS_POINTS, "A percentage is from 0.01 to 100.")
    _check_whole(amount_off_cents, "amount_off_cents", MAX_CHARGE_CENTS, _AMOUNT_RULE)
    _check_whole(max_uses, "max_uses", MAX_LIMIT, _LIMIT_RULE)


def _check_whole(value: object, field: str, largest: int, rule: str) -> None:
    """Raises `InvalidInput` with the rule for what is neither None nor an `int` (no bool) from 1 to `largest`."""
    if value is not None and (type(value) is not int or not 1 <= value <= largest):
        raise InvalidInput(rule, field=field)
