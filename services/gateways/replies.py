"""Stripe's replies, read strictly: from the fields of an object to the values of the domain.

A field that is not what the API promises raises `GatewayUnreadable`, and nothing else of that reply is believed.
"""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from services.domain.card import Card
from services.domain.charge import StripeIntent
from services.domain.checkout import StripeSession
from services.domain.events import EVENT_TYPES, StripeEvent
from services.domain.refund import StripeRefund
from services.errors import GatewayUnreadable

MAX_CENTS = 10**12
"""More than any amount that Stripe holds, and still a number that a database can keep."""

MAX_WORDS = 500
"""The longest text of Stripe's that is passed on to a person, in characters."""

_INTENT_STATUSES = (
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "processing",
    "requires_capture",
    "canceled",
    "succeeded",
)
_REFUND_STATUSES = ("pending", "requires_action", "succeeded", "failed", "canceled")


def words(value: object) -> str | None:
    """Text that is for a person to read, cut to a length that fits; None for anything else."""
    return value[:MAX_WORDS] if isinstance(value, str) and value else None


class Reply:
    """One object of a reply. Whatever is read of it is checked; an object of the other mode (live or test) is refused.

    `kind` is what its field `object` must say; None for a set of fields that has no name. `request_id` names the call.
    """

    def __init__(self, data: object, kind: str | None, *, livemode: bool, request_id: str | None = None) -> None:
        self._livemode = livemode
        self._request_id = request_id
        if not isinstance(data, dict) or (kind is not None and data.get("object") != kind):
            raise self.refused(f"is not a {kind or 'set of fields'}")
        self._data: dict[str, Any] = data
        if "livemode" in data and self.flag("livemode") is not livemode:
            raise self.refused("belongs to another mode (live or test) than the key")

    def refused(self, what: str) -> GatewayUnreadable:
        """The error for a reply that is not believed, in the words that follow `Stripe's reply`."""
        return GatewayUnreadable(f"Stripe's reply {what}.", request_id=self._request_id)

    def unusable(self, name: str) -> GatewayUnreadable:
        """The error for a field that is not what the API promises."""
        return self.refused(f"has no usable {name}")

    def has(self, name: str) -> bool:
        """Whether there is such a field, for the few that are left out where they do not apply."""
        return name in self._data

    def is_null(self, name: str) -> bool:
        """Whether a field is null, which Stripe writes out: one that is missing altogether is not what it promises."""
        if name not in self._data:
            raise self.unusable(name)
        return self._data[name] is None

    def text(self, name: str) -> str:
        """Text that is not empty."""
        value = self._data.get(name)
        if not isinstance(value, str) or not value:
            raise self.unusable(name)
        return value

    def optional_text(self, name: str) -> str | None:
        """Text that is not empty, or None."""
        return None if self.is_null(name) else self.text(name)

    def words(self, name: str) -> str | None:
        """Text that is for a person to read; None for anything else."""
        return words(self._data.get(name))

    def matching(self, name: str, pattern: str) -> str:
        """Text that matches a pattern as a whole."""
        value = self.text(name)
        if re.fullmatch(pattern, value) is None:
            raise self.unusable(name)
        return value

    def id(self, *prefixes: str, name: str = "id") -> str:
        """The id of the object, or of another one, by the prefixes of its kind."""
        return self.matching(name, f"(?:{'|'.join(prefixes)})_[A-Za-z0-9_]{{1,250}}")

    def optional_id(self, *prefixes: str, name: str) -> str | None:
        """The id of another object, or None."""
        return None if self.is_null(name) else self.id(*prefixes, name=name)

    def one_of(self, name: str, values: tuple[str, ...]) -> str:
        """One of the words that the API documents."""
        value = self.text(name)
        if value not in values:
            raise self.unusable(name)
        return value

    def number(self, name: str, least: int, most: int) -> int:
        """A whole number within bounds."""
        value = self._data.get(name)
        if type(value) is not int or not least <= value <= most:
            raise self.unusable(name)
        return value

    def cents(self, name: str) -> int:
        """An amount."""
        return self.number(name, 0, MAX_CENTS)

    def currency(self) -> str:
        """The currency, as Stripe writes it: three lower-case letters."""
        return self.matching("currency", "[a-z]{3}")

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self._data.get(name)
        if not isinstance(value, bool):
            raise self.unusable(name)
        return value

    def moment(self, name: str) -> datetime:
        """A time that Stripe gives in whole seconds since 1970, in UTC."""
        return datetime.fromtimestamp(self.number(name, 0, 2**35), UTC)

    def part(self, name: str, kind: str | None) -> "Reply":
        """An object within the object."""
        if not isinstance(self._data.get(name), dict):
            raise self.unusable(name)
        return Reply(self._data[name], kind, livemode=self._livemode, request_id=self._request_id)

    def optional_part(self, name: str, kind: str | None) -> "Reply | None":
        """An object within the object, or None."""
        return None if self.is_null(name) else self.part(name, kind)

    def parts(self, name: str, kind: str) -> "list[Reply]":
        """A list of objects of one kind."""
        value = self._data.get(name)
        if not isinstance(value, list):
            raise self.unusable(name)
        return [Reply(item, kind, livemode=self._livemode, request_id=self._request_id) for item in value]


def session_of(reply: Reply, api_base: str, *, expanded: bool) -> StripeSession:
    """A Checkout Session. Its card and what was refunded are known only where its payment intent is `expanded`."""
    details = reply.optional_part("total_details", None)
    intent = reply.optional_part("payment_intent", "payment_intent") if expanded else None
    currency, customer_id = reply.currency(), reply.optional_id("cus", name="customer")
    return StripeSession(
        id=reply.id("cs"),
        url=_checkout_url(reply, api_base),
        status=reply.one_of("status", ("open", "complete", "expired")),
        payment_status=reply.one_of("payment_status", ("paid", "unpaid", "no_payment_required")),
        amount_total_cents=reply.cents("amount_total"),
        amount_discount_cents=0 if details is None else details.cents("amount_discount"),
        currency=currency,
        livemode=reply.flag("livemode"),
        client_reference_id=reply.optional_text("client_reference_id"),
        customer_id=customer_id,
        payment_intent_id=intent.id("pi") if intent else reply.optional_id("pi", name="payment_intent"),
        expires_at=reply.moment("expires_at"),
        card=None if intent is None else _kept_card(intent, customer_id),
        refunded_cents=0 if intent is None else _refunded_cents(intent, currency),
    )


def intent_of(reply: Reply, *, expanded: bool) -> StripeIntent:
    """A payment intent. Its card and what was refunded are known only where they are `expanded`."""
    error = reply.optional_part("last_payment_error", None)
    metadata = reply.optional_part("metadata", None)
    currency = reply.currency()
    return StripeIntent(
        id=reply.id("pi"),
        status=reply.one_of("status", _INTENT_STATUSES),
        amount_cents=reply.cents("amount"),
        received_cents=reply.cents("amount_received"),
        refunded_cents=_refunded_cents(reply, currency) if expanded else 0,
        currency=currency,
        livemode=reply.flag("livemode"),
        reference=None if metadata is None else metadata.words("reference"),
        customer_id=reply.optional_id("cus", name="customer"),
        card=_card_or_none(reply) if expanded else None,
        decline_code=None if error is None else error.words("decline_code") or error.words("code"),
        decline_reason=None if error is None else error.words("message"),
        created_at=reply.moment("created"),
    )


def refund_of(reply: Reply, payment_intent_id: str) -> StripeRefund:
    """A refund of the payment that was asked about. Refunds have no `livemode` of their own."""
    metadata = reply.optional_part("metadata", None)
    if reply.id("pi", name="payment_intent") != payment_intent_id:
        raise reply.unusable("payment_intent")
    return StripeRefund(
        id=reply.id("re", "pyr"),
        amount_cents=reply.cents("amount"),
        currency=reply.currency(),
        status=reply.one_of("status", _REFUND_STATUSES),
        payment_intent_id=payment_intent_id,
        reference=None if metadata is None else metadata.words("reference"),
        failure_reason=reply.words("failure_reason"),
    )


def event_of(reply: Reply) -> StripeEvent:
    """An event, and the ids of the session and the payment that it happened to."""
    reply.flag("livemode")
    kind = reply.one_of("type", EVENT_TYPES)
    subject = kind.rpartition(".")[0]
    thing = reply.part("data", None).part("object", subject)
    return StripeEvent(
        id=reply.id("evt"),
        type=kind,
        created_at=reply.moment("created"),
        session_id=thing.id("cs") if subject == "checkout.session" else None,
        payment_intent_id=thing.id("pi")
        if subject == "payment_intent"
        else thing.optional_id("pi", name="payment_intent"),
    )


def card_of(method: Reply) -> Card:
    """A payment method that is a card."""
    card = method.part("card", None)
    return Card(
        payment_method_id=method.id("pm", "card"),
        brand=card.matching("brand", "[a-z0-9_]{1,40}"),
        last4=card.matching("last4", "[0-9]{4}"),
        exp_month=card.number("exp_month", 1, 12),
        exp_year=card.number("exp_year", 1000, 9999),
    )


def _kept_card(intent: Reply, customer_id: str | None) -> Card | None:
    """The card that paid a session, if it was to be kept and is its customer's now."""
    if customer_id is None or intent.words("status") != "succeeded" or intent.is_null("setup_future_usage"):
        return None
    return _card_or_none(intent, customer_id)


def _card_or_none(intent: Reply, customer_id: str | None = None) -> Card | None:
    """The card of a payment, where it is one and can be read: without it the payment still counts."""
    try:
        method = intent.part("payment_method", "payment_method")
        strange = customer_id is not None and method.id("cus", name="customer") != customer_id
        return None if strange or method.text("type") != "card" else card_of(method)
    except GatewayUnreadable:
        return None


def _refunded_cents(intent: Reply, currency: str) -> int:
    """What went back of a payment, by its charge; 0 where nothing was charged."""
    charge = intent.optional_part("latest_charge", "charge")
    if charge is None:
        return 0
    if charge.currency() != currency or charge.id("pi", name="payment_intent") != intent.id("pi"):
        raise intent.unusable("latest_charge")
    return charge.number("amount_refunded", 0, charge.cents("amount"))


def _checkout_url(reply: Reply, api_base: str) -> str | None:
    """The link, if it is one that a customer may be sent to: https, or the local stand-in's own address."""
    if reply.is_null("url"):
        return None
    url = reply.matching("url", "[!-~]{1,5000}")
    try:
        link, own = urlsplit(url), urlsplit(api_base)
        hostname = link.hostname
    except ValueError:
        raise reply.unusable("url") from None
    if (link.scheme, link.netloc) != (own.scheme, own.netloc) and not (link.scheme == "https" and hostname):
        raise reply.unusable("url")
    return url
