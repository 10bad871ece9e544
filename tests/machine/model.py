"""What a desk and Stripe ought to come to, in plain numbers. Nothing here knows how paydesk does it.

Amounts are in cents and moments in seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.machine.things import Code, Entry, Order, Refund

KEY_LIFE = 23 * 3600
ON_ITS_WAY = 5 * 60
SESSION_LIFE = 24 * 3600
LEAST_CHARGE = 50
PROMISED = 3333
"""The credit of an initial purchase, whatever it costs."""

UNSETTLED = ("created", "open", "needs_review")


@dataclass(eq=False)
class Model:
    """The whole desk, and what Stripe has. Each method is one thing that happens, and `fate` what befalls its request:

    `fine`, `lost` (carried out, and the answer lost), `silent` (never arrived), `denied`, `refused`, or `lie` (what is
    retrieved is in another currency).
    """

    now: int = 0
    price: int = 2999
    codes: dict[str, Code] = field(default_factory=dict)
    ledgers: dict[int, list[Entry]] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)
    declining: set[str] = field(default_factory=set)

    # Accounts

    def post(self, account: int, amount: int, kind: str, order: Order | None = None) -> Entry:
        """A new line."""
        entry = Entry(amount, kind, order)
        self.ledgers[account].append(entry)
        return entry

    def correct(self, account: int, amount: int, key: str) -> bool:
        """A line by hand; one key is one line."""
        if key in self.keys:
            return self.keys[key] == (account, amount)
        if key:
            self.keys[key] = (account, amount)
        self.post(account, amount, "adjustment")
        return True

    def reverse(self, account: int, entry: Entry) -> bool:
        """A line taken back: once, no reversal, and no credit of which the card has got some back."""
        is_credit = entry.order is not None and entry is entry.order.entry
        if entry.kind == "reversal" or self._is_reversed(account, entry):
            return False
        if is_credit and entry.order is not None and entry.order.refunded > 0:
            return False
        self.post(account, -entry.amount, "reversal").reverses = entry
        return True

    def _is_reversed(self, account: int, entry: Entry) -> bool:
        return any(other.reverses is entry for other in self.ledgers[account])

    # Orders

    def check_out(self, account: int, code_name: str, fate: str) -> bool:
        """An initial purchase; whether an order is stored."""
        code = self.codes.get(code_name)
        if code is not None and (not code.active or code.held + code.redeemed >= code.limit):
            return False
        total = self.price - (code.off(self.price) if code is not None else 0)
        if 0 < total < LEAST_CHARGE:
            return False
        order = Order(account, total, PROMISED, self.now, code=code_name, is_initial=True)
        if code is not None:
            code.held += 1
        self._place(order, fate)
        return True

    def top_up(self, account: int, amount: int, fate: str, card: str = "") -> bool:
        """A top-up at the checkout, or of a saved card."""
        self._place(Order(account, amount, amount, self.now, card=card), fate)
        return True

    def _place(self, order: Order, fate: str) -> None:
        self.orders.append(order)
        if order.total == 0:
            self._pay(order, 0)
        elif fate in ("refused", "denied"):
            self._end(order, "failed")
        elif self._send(order, fate) and order.card:
            self._judge(order, fate)

    def _send(self, order: Order, fate: str) -> bool:
        """Whether the desk learns what became of the request."""
        if fate in ("silent", "denied"):
            return False
        if order.at_stripe == "none":
            order.at_stripe = "open"
            order.open_until = self.now + SESSION_LIFE
            if order.card:
                order.at_stripe = "declined" if order.card in self.declining else "paid"
                order.paid_at_stripe = order.total if order.at_stripe == "paid" else 0
        if fate == "lost":
            return False
        order.status = "open"
        return True

    def refresh(self, order: Order, fate: str) -> None:
        """The desk asks about an order."""
        if order.status not in UNSETTLED:
            return
        age = self.now - order.made_at
        if order.status == "created" and age <= KEY_LIFE:
            if not self._send(order, fate):
                return
        elif order.status == "created" and order.at_stripe == "none":
            if age > KEY_LIFE + ON_ITS_WAY:
                self._end(order, "failed")
            return
        self._judge(order, fate)

    def _judge(self, order: Order, fate: str) -> None:
        if order.card and order.at_stripe == "declined":
            self._end(order, "failed")
        elif fate == "lie":
            order.status = "needs_review"
        elif order.at_stripe == "paid":
            self._pay(order, order.paid_at_stripe)
        elif order.at_stripe == "expired":
            self._end(order, "expired")
        else:
            order.status = "open"

    def expire(self, order: Order) -> None:
        """The desk ends a checkout."""
        self.refresh(order, "fine")
        if order.status == "open":
            order.at_stripe = "expired"
            self._end(order, "expired")

    def close(self, order: Order) -> bool:
        """A person closes an order that does not add up; nobody can pay it any more."""
        if order.status != "needs_review":
            return False
        if order.at_stripe == "open":
            order.at_stripe = "expired"
        self._end(order, "failed")
        return True

    def _pay(self, order: Order, paid: int) -> None:
        order.status, order.paid = "paid", paid
        if order.code:
            self.codes[order.code].held -= 1
            self.codes[order.code].redeemed += 1
        order.entry = self.post(order.account, order.credit, "credit", order)

    def _end(self, order: Order, status: str) -> None:
        order.status = status
        if order.code:
            self.codes[order.code].held -= 1

    # Refunds

    def refund(self, order: Order, amount: int, fate: str) -> None:
        """The desk gives money back."""
        if order.status != "paid" or amount > (order.paid or 0) - order.refunded:
            return
        refund = Refund(amount, "created", "none", self.now)
        self._count(order, refund)
        if fate in ("refused", "denied"):
            refund.status = "failed"
        else:
            self._send_refund(order, refund, fate)

    def _count(self, order: Order, refund: Refund) -> None:
        """The credit goes in proportion to the money, half a cent rounded up over all refunds together."""
        taken = sum(other.credit for other in order.refunds if other.counts and other is not refund)
        if refund not in order.refunds:
            order.refunds.append(refund)
        assert order.entry is not None
        assert order.paid
        credited = 0 if self._is_reversed(order.account, order.entry) else order.credit
        due = (2 * credited * order.refunded + order.paid) // (2 * order.paid)
        refund.credit = max(due - taken, 0)

    def _send_refund(self, order: Order, refund: Refund, fate: str) -> None:
        if fate == "silent":
            return
        if refund.at_stripe == "none":
            refund.at_stripe = "made" if refund.amount <= order.left_at_stripe else "refused"
        if fate == "lost":
            return
        if refund.at_stripe == "refused":
            refund.status = "failed"
        else:
            self._done(order, refund)

    def _done(self, order: Order, refund: Refund) -> None:
        refund.status = "done"
        if refund.credit:
            refund.entry = self.post(order.account, -refund.credit, "refund", order)

    def _resume(self, order: Order, refund: Refund) -> None:
        age = self.now - refund.made_at
        if age <= KEY_LIFE:
            self._send_refund(order, refund, "fine")
        elif refund.at_stripe == "made":
            self._done(order, refund)
        elif refund.at_stripe == "returned" or age > KEY_LIFE + ON_ITS_WAY:
            refund.status = "failed"

    def reconcile(self) -> None:
        """The desk settles all that is unfinished."""
        for order in self.orders:
            self.refresh(order, "fine")
        for order in self.orders:
            for refund in order.refunds:
                if refund.status == "created":
                    self._resume(order, refund)

    def findings(self) -> Iterator[tuple[str, str]]:
        """What a reconciliation has to report, by kind; and by the refund that it is about, if it is."""
        for order in self.orders:
            if order.status == "failed" and order.at_stripe == "paid" and order.left_at_stripe > 0:
                yield "paid_not_credited", ""
            for refund in order.refunds if order.status == "paid" else ():
                if (refund.status, refund.at_stripe) == ("unknown", "made"):
                    yield "refunded_at_stripe", refund.stripe_id
                if (refund.status, refund.at_stripe) == ("done", "returned"):
                    yield "refund_failed", refund.stripe_id

    def act(self, kind: str, stripe_id: str) -> None:
        """A person does what a finding proposes."""
        for order in self.orders:
            for refund in order.refunds:
                if refund.stripe_id != stripe_id:
                    continue
                if kind == "refunded_at_stripe":
                    self._record(order, refund)
                elif kind == "refund_failed" and (refund.status, refund.at_stripe) == ("done", "returned"):
                    refund.status = "failed"
                    if refund.entry is not None:
                        self.reverse(order.account, refund.entry)

    def _record(self, order: Order, refund: Refund) -> None:
        fits = order.status == "paid" and refund.amount <= (order.paid or 0) - order.refunded
        if (refund.status, refund.at_stripe) == ("unknown", "made") and fits:
            refund.status = "done"
            self._count(order, refund)
            self._done(order, refund)

    # Stripe

    def pay(self, order: Order, percent_off: int) -> bool:
        """A customer pays on Stripe's page, with a promotion of Stripe's."""
        due = order.total - (2 * order.total * percent_off + 100) // 200
        if 0 < due < LEAST_CHARGE:
            return False
        order.at_stripe, order.paid_at_stripe = "paid", due
        return True

    def advance(self, seconds: int) -> None:
        """Time passes."""
        self.now += seconds
        for order in self.orders:
            if order.at_stripe == "open" and self.now >= order.open_until:
                order.at_stripe = "expired"
