"""Prices: the three modes, what is in force, and the price of one checkout."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from services.domain.money import MAX_CHARGE_CENTS
from services.errors import InvalidInput


class PriceMode(StrEnum):
    """Which of the three prices is charged."""

    RRP = "rrp"
    LAUNCH = "launch"
    SALE = "sale"


@dataclass(frozen=True)
class Prices:
    """The three prices in cents, and the mode that picks the one in force."""

    mode: PriceMode
    rrp_cents: int
    launch_cents: int
    sale_cents: int

    def of(self, mode: PriceMode) -> int:
        """The price of `mode`, in cents."""
        return {
            PriceMode.RRP: self.rrp_cents,
            PriceMode.LAUNCH: self.launch_cents,
            PriceMode.SALE: self.sale_cents,
        }[mode]

    @property
    def in_force_cents(self) -> int:
        """The price of the active mode, in cents."""
        return self.of(self.mode)

    def edited(
        self,
        *,
        mode: str | None = None,
        rrp_cents: int | None = None,
        launch_cents: int | None = None,
        sale_cents: int | None = None,
    ) -> "Prices":
        """These prices with the given ones in their place.

        Raises `InvalidInput` for an unknown mode or a price that is not an `int` from 0 to `MAX_CHARGE_CENTS`.
        """
        cents = {"rrp_cents": rrp_cents, "launch_cents": launch_cents, "sale_cents": sale_cents}
        given = {name: value for name, value in cents.items() if value is not None}
        for name, value in given.items():
            if type(value) is not int or not 0 <= value <= MAX_CHARGE_CENTS:
                raise InvalidInput("A price is from 0.00 to 999,999.99.", field=name)
        try:
            return replace(self, mode=PriceMode(mode if mode is not None else self.mode), **given)
        except ValueError:
            raise InvalidInput("The mode is one of rrp, launch and sale.", field="mode") from None


@dataclass(frozen=True)
class PriceChange:
    """The prices that were set at one moment, by whom and why.

    `version` counts the stored changes from 1; version 0 is the settings' starting values, with no author.
    """

    version: int
    prices: Prices
    reason: str
    actor: str
    effective_at: datetime | None
    created_at: datetime | None


@dataclass(frozen=True)
class PriceCalculation:
    """What one checkout costs, in cents: final = base − discount.

    `refusal` says why a given code was not applied. `price_mode` and `price_version` name the price that was
    in force; they are None where the base price was given by the caller.
    """

    base_price_cents: int
    discount_cents: int
    final_price_cents: int
    discount_code_applied: str | None
    refusal: str | None = field(default=None, compare=False)
    price_mode: PriceMode | None = field(default=None, compare=False)
    price_version: int | None = field(default=None, compare=False)
