"""What the sandbox remembers: its objects by id, in the order they came, and the events they made."""

import secrets
import string
from datetime import datetime, timedelta
from threading import RLock
from typing import Any, TypeVar

from services.clock import Clock
from services.sandbox.errors import missing
from services.sandbox.objects import (
    Charge,
    CheckoutSession,
    Customer,
    Event,
    PaymentIntent,
    PaymentMethod,
    Refund,
    StripeThing,
)
from services.sandbox.responses import render

_ALPHABET = string.ascii_letters + string.digits
_EVENTS_KEPT = timedelta(days=30)
"""How far back events can be listed: https://docs.stripe.com/api/events/list"""

_NOUNS: dict[type[Any], str] = {
    Charge: "charge",
    CheckoutSession: "checkout.session",
    Customer: "customer",
    Event: "event",
    PaymentIntent: "payment_intent",
    PaymentMethod: "PaymentMethod",
    Refund: "refund",
}
"""What Stripe's sentences call each object."""

Kind = TypeVar("Kind", Charge, CheckoutSession, Customer, Event, PaymentIntent, PaymentMethod, Refund)


class State:
    """Everything that the sandbox knows. Whoever reads or changes it holds `lock`."""

    def __init__(self, clock: Clock) -> None:
        self.lock = RLock()
        self._clock = clock
        self._ahead = timedelta(0)
        self.page_base = ""
        self.account_id = new_id("acct_")
        self.started_at = self.now()
        self._things: dict[str, StripeThing] = {}
        self._next_expiry: int | None = None

    def now(self) -> int:
        """The present second."""
        return int(self._moment().timestamp())

    def _moment(self) -> datetime:
        return self._clock() + self._ahead

    def advance(self, by: timedelta) -> None:
        """Set the clock ahead, with all that its time brings. Raises ValueError for a step back."""
        if by < timedelta(0):
            raise ValueError("Time does not go back.")
        self._ahead += by
        self.expire_overdue()

    def add(self, thing: Kind) -> Kind:
        """Remember an object."""
        self._things[thing.id] = thing
        if isinstance(thing, CheckoutSession):
            self._next_expiry = min(thing.expires_at, self._next_expiry or thing.expires_at)
        return thing

    def find(self, identifier: str) -> StripeThing | None:
        """The object of any kind with an id."""
        return self._things.get(identifier)

    def get(self, kind: type[Kind], identifier: str, *, param: str | None = None) -> Kind:
        """The object of one kind with an id.

        Raises Refused: 404 for an id from a path, 400 for an id that came as the parameter `param`.
        """
        thing = self._things.get(identifier)
        if isinstance(thing, kind):
            return thing
        if param is None:
            raise missing(_NOUNS[kind], identifier)
        raise missing(_NOUNS[kind], identifier, param=param, status=400)

    def newest_first(self, kind: type[Kind]) -> list[Kind]:
        """All objects of a kind; events only as far back as Stripe lists them."""
        oldest = int((self._moment() - _EVENTS_KEPT).timestamp())
        return [
            thing
            for thing in reversed(self._things.values())
            if isinstance(thing, kind) and (kind is not Event or thing.created >= oldest)
        ]

    def happened(self, kind: str, thing: StripeThing) -> None:
        """Record an event with the object as it is now."""
        self.happened_to(kind, render(thing))

    def happened_to(self, kind: str, snapshot: dict[str, Any]) -> None:
        """Record an event with a snapshot of its object."""
        self.add(Event(id=new_id("evt_"), created=self.now(), type=kind, snapshot=snapshot))

    def expire_overdue(self) -> None:
        """Expire the open sessions whose time is over. Called before anything is looked at."""
        now = self.now()
        if self._next_expiry is None or now < self._next_expiry:
            return
        waiting = [session for session in self.newest_first(CheckoutSession) if session.status == "open"]
        for session in reversed(waiting):
            if session.expires_at <= now:
                self.expire(session)
        self._next_expiry = min((one.expires_at for one in waiting if one.status == "open"), default=None)

    def expire(self, session: CheckoutSession) -> None:
        """End an open session unpaid."""
        session.status = "expired"
        self.happened("checkout.session.expired", session)


def new_id(prefix: str) -> str:
    """A fresh id, such as `cus_` and 24 characters."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(24))
