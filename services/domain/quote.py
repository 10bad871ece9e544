"""The quote: what one checkout costs at one moment, step by step and with the reason of each step.

Screens, the command line and checkouts all ask `quote`, and an order keeps the steps of the one that it was made on.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from services.domain.discount import AccountFacts, DiscountCode, Refusal, canonical_code
from services.domain.money import MIN_CHARGE_CENTS, format_cents
from services.domain.pricing import PriceChange, PriceMode
from services.errors import InvalidInput


class StepKind(StrEnum):
    """What a step of a quote is about."""

    BASE = "base"
    DISCOUNT = "discount"
    REFUSED = "refused"
    TOTAL = "total"


@dataclass(frozen=True)
class Step:
    """One step of a quote: `amount_cents` is what it adds to the price (a discount is below 0; the total is the sum).

    `reason` is a phrase for a person, with its amount: `"LAUNCH10 −10 % = −3.00"`.
    """

    kind: StepKind
    amount_cents: int
    reason: str


@dataclass(frozen=True)
class BasePrice:
    """The price before any code, in cents; `mode` and `version` are None where it is not the price in force."""

    cents: int
    mode: PriceMode | None = None
    version: int | None = None

    @classmethod
    def of(cls, change: PriceChange) -> Self:
        """The price that a change puts in force."""
        return cls(change.prices.in_force_cents, change.prices.mode, change.version)


@dataclass(frozen=True)
class UnknownCode:
    """What was typed for a code, and names none. `sentence` says what is wrong with it."""

    typed: str
    sentence: str

    @classmethod
    def named(cls, typed: str) -> Self:
        """The text that names no stored code."""
        try:
            return cls(typed, Refusal.UNKNOWN.sentence(canonical_code(typed)))
        except InvalidInput as error:
            return cls(typed, error.sentence)


@dataclass(frozen=True)
class Quote:
    """What one checkout costs, in cents: total = base − discount, from 0 to the base.

    `code` is the code that was asked for, in canonical form where it has one; it is `applied` unless it is refused.
    `refusal` is the machine code for why the checkout cannot be made like this, `sentence` says it to a person.
    A code that would leave a total that Stripe does not charge is refused as `below_minimum`; its total is kept, so
    that it can be shown.
    """

    base: BasePrice
    code: str | None
    discount_cents: int
    refusal: Refusal | None
    sentence: str | None
    steps: tuple[Step, ...]

    @property
    def total_cents(self) -> int:
        """What the customer pays."""
        return self.base.cents - self.discount_cents

    @property
    def applied(self) -> str | None:
        """The code that takes something off; None where there is none, or it is refused."""
        return self.code if self.refusal is None else None

    @property
    def explanation(self) -> str:
        """All steps in one line: `"base 29.99 launch, LAUNCH10 −10 % = −3.00, total 26.99"`."""
        return ", ".join(step.reason for step in self.steps)


@dataclass(frozen=True)
class PriceCalculation:
    """What one checkout costs, in cents: final = base − discount.

    `refusal` says why a given code was not applied, and `refusal_code` in one word for programs. `price_mode` and
    `price_version` name the price that was in force; they are None where the base price was given by the caller.
    """

    base_price_cents: int
    discount_cents: int
    final_price_cents: int
    discount_code_applied: str | None
    refusal: str | None = field(default=None, compare=False)
    price_mode: PriceMode | None = field(default=None, compare=False)
    price_version: int | None = field(default=None, compare=False)
    refusal_code: Refusal | None = field(default=None, compare=False)
    steps: tuple[Step, ...] = field(default=(), compare=False)

    @classmethod
    def of(cls, quote: Quote, *, any_total: bool = False) -> Self:
        """What a quote comes to; a refused code takes nothing off.

        With `any_total`, one that leaves less than Stripe charges does so all the same.
        """
        if any_total and quote.refusal is Refusal.BELOW_MINIMUM:
            quote = replace(quote, refusal=None, sentence=None)
        discount_cents = quote.discount_cents if quote.refusal is None else 0
        return cls(
            base_price_cents=quote.base.cents,
            discount_cents=discount_cents,
            final_price_cents=quote.base.cents - discount_cents,
            discount_code_applied=quote.applied,
            refusal=quote.sentence,
            price_mode=quote.base.mode,
            price_version=quote.base.version,
            refusal_code=quote.refusal,
            steps=quote.steps,
        )


def quote(
    base: BasePrice,
    *,
    code: DiscountCode | UnknownCode | None = None,
    account: AccountFacts | None = None,
    moment: datetime,
) -> Quote:
    """What a checkout costs at `moment`, for an account where one is known.

    Without `account` the terms that ask about it are not judged: they are when the checkout is made.
    """
    first = Step(StepKind.BASE, base.cents, f"base {_plain(base.cents)}{f' {base.mode}' if base.mode else ''}")
    if code is None:
        return Quote(base, None, 0, None, None, (first, _total(base.cents)))
    if isinstance(code, UnknownCode):
        return _refused(base, first, code.typed, Refusal.UNKNOWN, code.sentence)
    refusal = code.refusal_at(moment, base.cents, base.mode, account)
    if refusal is not None:
        return _refused(base, first, code.code, refusal, refusal.sentence(code.code))
    discount_cents = code.discount_on(base.cents)
    total_cents = base.cents - discount_cents
    steps = (first, _discount(code, discount_cents), _total(total_cents))
    if 0 < total_cents < MIN_CHARGE_CENTS:
        below = Refusal.BELOW_MINIMUM
        return Quote(base, code.code, discount_cents, below, below.sentence(code.code), steps)
    return Quote(base, code.code, discount_cents, None, None, steps)


def steps_to_json(steps: Sequence[Step]) -> str:
    """The steps as an order stores them."""
    return json.dumps([{"kind": step.kind, "amount_cents": step.amount_cents, "reason": step.reason} for step in steps])


def steps_from_json(text: str) -> tuple[Step, ...]:
    """The steps that an order stored."""
    return tuple(Step(StepKind(step["kind"]), step["amount_cents"], step["reason"]) for step in json.loads(text))


def _refused(base: BasePrice, first: Step, code: str, refusal: Refusal, sentence: str) -> Quote:
    refused = Step(StepKind.REFUSED, 0, f"{code} not applied ({refusal})")
    return Quote(base, code, 0, refusal, sentence, (first, refused, _total(base.cents)))


def _discount(code: DiscountCode, discount_cents: int) -> Step:
    percent = "" if code.percent_basis_points is None else f" −{code.value_text}"
    return Step(StepKind.DISCOUNT, -discount_cents, f"{code.code}{percent} = −{_plain(discount_cents)}")


def _total(cents: int) -> Step:
    return Step(StepKind.TOTAL, cents, f"total {_plain(cents)}")


def _plain(cents: int) -> str:
    """An amount as a quote reads it, without the currency: `"29.99"`."""
    return format_cents(cents).removeprefix("$")
