"""Facts that cross screens: what was changed, told to every live screen in every mode.

A fact carries no state, only what to read again: the answer is always read from the services.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class PricingChanged:
    """The prices in force were changed, here or by somebody else."""


@dataclass(frozen=True)
class DiscountChanged:
    """A discount code was made or changed, or a use of one was taken or given back."""


@dataclass(frozen=True)
class BalanceChanged:
    """A balance and its ledger grew."""

    account_id: int


@dataclass(frozen=True)
class OrderChanged:
    """An order was made or moved on; `order_id` None: the one that was just made, or several."""

    order_id: int | None = None


@dataclass(frozen=True)
class AccountChanged:
    """An account was made or changed; `account_id` None: the one that was just made."""

    account_id: int | None = None


Fact = PricingChanged | DiscountChanged | BalanceChanged | OrderChanged | AccountChanged
