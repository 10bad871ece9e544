"""Money as integer cents: reading it from text, writing it as text, and what counts as an amount."""

import re
from typing import TypeGuard

from services.errors import InvalidInput

MAX_AMOUNT_CENTS = 99_999_999_999
"""The largest amount that text may name, in cents: nine digits before the point."""

MAX_CHARGE_CENTS = 99_999_999
"""The largest amount Stripe charges in USD, in cents: eight digits.
Source: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts"""

MIN_CHARGE_CENTS = 50
"""The smallest amount Stripe charges in USD, in cents. Source: as `MAX_CHARGE_CENTS`."""

_AMOUNT = re.compile(r"(?P<sign>-?)(?P<units>0|[1-9][0-9]{0,8})(?:\.(?P<cents>[0-9]{1,2}))?", re.ASCII)


def parse_cents(text: str, *, field: str = "amount") -> int:
    """The cents that `text` names: `"10"` is 1000, `"10.5"` is 1050, `"-0.07"` is −7.

    Raises `InvalidInput` for anything but ASCII digits with at most two decimals; no grouping, no exponent.
    """
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        raise InvalidInput("An amount is written like 12 or 12.34, with at most two decimals.", field=field)
    cents = int(match["units"]) * 100 + int((match["cents"] or "0").ljust(2, "0"))
    return -cents if match["sign"] else cents


def format_cents(cents: int) -> str:
    """The cents as dollars: 2899 is `"$28.99"`, −100 is `"-$1.00"`."""
    units, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}${units}.{rest:02d}"


def is_amount(value: object) -> TypeGuard[int]:
    """Whether `value` is an `int` (no bool) from 1 to `MAX_AMOUNT_CENTS`."""
    return type(value) is int and 1 <= value <= MAX_AMOUNT_CENTS
