"""What the model is made of, in plain numbers: amounts in cents, moments in seconds.

Strings stand for states, so that a run that fails reads as a story. Two things are the same if they are one thing.
"""

from dataclasses import dataclass, field


@dataclass(eq=False)
class Code:
    """A discount code: what it takes off, and the uses that are taken."""

    basis_points: int
    cents_off: int
    limit: int
    active: bool = True
    held: int = 0
    redeemed: int = 0

    def off(self, base: int) -> int:
        """The cents taken off, half a cent rounded up."""
        return min(base, self.cents_off or (base * self.basis_points * 2 + 10_000) // 20_000)


@dataclass(eq=False)
class Entry:
    """One line of an account's ledger; `reverses` is the line that it takes back."""

    amount: int
    kind: str
    order: "Order | None" = None
    reverses: "Entry | None" = None


@dataclass(eq=False)
class Refund:
    """A refund: `status` at the desk (`unknown`: made in the dashboard), `at_stripe` none, made, refused, returned."""

    amount: int
    status: str
    at_stripe: str
    made_at: int
    credit: int = 0
    entry: Entry | None = None
    stripe_id: str = ""

    @property
    def counts(self) -> bool:
        """Whether the desk counts it against what was paid."""
        return self.status in ("created", "done")


@dataclass(eq=False)
class Order:
    """An order: `status` at the desk; `at_stripe` none, open, paid, expired, declined."""

    account: int
    total: int
    credit: int
    made_at: int
    code: str = ""
    card: str = ""
    is_initial: bool = False
    status: str = "created"
    at_stripe: str = "none"
    open_until: int = 0
    paid_at_stripe: int = 0
    paid: int | None = None
    entry: Entry | None = None
    refunds: list[Refund] = field(default_factory=list)

    @property
    def refunded(self) -> int:
        """What the desk counts as refunded."""
        return sum(refund.amount for refund in self.refunds if refund.counts)

    @property
    def left_at_stripe(self) -> int:
        """What Stripe could still give back."""
        return self.paid_at_stripe - sum(refund.amount for refund in self.refunds if refund.at_stripe == "made")
