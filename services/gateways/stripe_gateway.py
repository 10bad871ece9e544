"""Stripe as a `PaymentGateway`: the only place that calls the SDK, and that names its errors."""

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import requests
import stripe
from pydantic import SecretStr

from services.domain.card import Card
from services.domain.charge import StripeIntent
from services.domain.checkout import StripeSession
from services.domain.events import EVENT_TYPES, StripeEvent
from services.domain.refund import StripeRefund
from services.errors import CardDeclined, GatewayDenied, GatewayRefused, GatewayUnreadable, OutcomeUnknown, TryAgain
from services.gateways.rate_limit import RateLimit
from services.gateways.replies import Reply, card_of, event_of, intent_of, refund_of, session_of, words
from services.gateways.transport import LOST_BEFORE, PatientAdapter, ReplyTooLong
from services.settings import LOOPBACK

TIMEOUT_SECONDS = (5.0, 20.0)
"""For connecting, and for each wait on an answer."""

MAX_NETWORK_RETRIES = 2
"""Retries of a call whose connection failed or that was answered with a 5xx, with the same idempotency key.

`StripeClient` makes none unless it is told. What else is repeated: see `transport.PatientAdapter`.
"""

PAGE = 100
"""How many objects a page of a list has, which is the most there can be."""

_SESSION_EXPANDED = ["payment_intent.payment_method", "payment_intent.latest_charge"]
_INTENT_EXPANDED = ["payment_method", "latest_charge"]


class StripeGateway:
    """Talks to Stripe at `api_base` with one key, secret or restricted. Safe from any thread.

    The connection is opened at the first call. `pause` and `jitter` (a number from 0 to 1) are for the waits between
    repeated requests; `limit` is shared by all calls, and left out for a stand-in on this machine, which needs none.
    """

    def __init__(
        self,
        secret_key: SecretStr,
        *,
        api_base: str,
        max_network_retries: int = MAX_NETWORK_RETRIES,
        timeout_seconds: tuple[float, float] = TIMEOUT_SECONDS,
        limit: RateLimit | None = None,
        pause: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        key = secret_key.get_secret_value()
        stripe.enable_telemetry = False
        self._api_base = api_base
        self._livemode = "_live_" in key[:8]
        self._key_mark = sha256(f"paydesk: the Stripe key in use is {key}".encode()).hexdigest()[:12]
        if limit is None and urlsplit(api_base).hostname not in LOOPBACK:
            limit = RateLimit(pause=pause)
        session = requests.Session()
        session.mount(api_base, PatientAdapter(limit, pause, jitter))
        self._client = stripe.StripeClient(
            key,
            base_addresses={"api": api_base},
            http_client=stripe.RequestsClient(timeout=timeout_seconds, session=session),
            max_network_retries=max_network_retries,
        )

    @property
    def livemode(self) -> bool:
        """Whether the calls move real money."""
        return self._livemode

    @property
    def key_mark(self) -> str:
        """Tells the key in use from another one: 12 hexadecimal digits of a hash over it.

        They do not give the key away: it has more than 100 random bits, so it cannot be found by trying, and 48 bits of
        a hash would fit a multitude of keys. With as few bits, two keys of one desk still hardly ever share a mark.
        """
        return self._key_mark

    def create_checkout_session(self, request: Mapping[str, Any], idempotency_key: str) -> StripeSession:
        """Creates the session that `request` describes, or returns the one this key created before."""
        create = self._client.v1.checkout.sessions.create
        reply = self._ask("checkout.session", partial(create, _parameters(request), _under(idempotency_key)))
        return session_of(reply, self._api_base, expanded=False)

    def retrieve_checkout_session(self, session_id: str) -> StripeSession:
        """The session as it stands at Stripe now, with its card and what was refunded."""
        retrieve = self._client.v1.checkout.sessions.retrieve
        reply = self._ask("checkout.session", partial(retrieve, session_id, {"expand": _SESSION_EXPANDED}))
        return session_of(_of(session_id, reply), self._api_base, expanded=True)

    def expire_checkout_session(self, session_id: str) -> StripeSession:
        """Ends an open session, so that it can no longer be paid. `GatewayRefused` where it is over already."""
        reply = self._ask("checkout.session", partial(self._client.v1.checkout.sessions.expire, session_id))
        return session_of(_of(session_id, reply), self._api_base, expanded=False)

    def checkout_sessions(self, first: datetime, last: datetime) -> Iterator[StripeSession]:
        """The sessions created from `first` to `last`, both included, without their cards and refunds.

        Sessions that charge nothing, of another program on the same account, have no amount and are left out.
        """
        listed = self._pages(
            self._client.v1.checkout.sessions.list, "checkout.session", {"created": _created(first, last)}
        )
        return (session_of(reply, self._api_base, expanded=False) for reply in listed if reply.text("mode") != "setup")

    def create_payment_intent(self, request: Mapping[str, Any], idempotency_key: str) -> StripeIntent:
        """Makes the charge that `request` describes, or returns what this key made before.

        Raises `CardDeclined` where the bank did not agree: nothing was charged.
        """
        create = self._client.v1.payment_intents.create
        reply = self._ask("payment_intent", partial(create, _parameters(request), _under(idempotency_key)))
        return intent_of(reply, expanded=False)

    def retrieve_payment_intent(self, payment_intent_id: str) -> StripeIntent:
        """The payment intent as it stands at Stripe now, with its card and what was refunded."""
        retrieve = self._client.v1.payment_intents.retrieve
        reply = self._ask("payment_intent", partial(retrieve, payment_intent_id, {"expand": _INTENT_EXPANDED}))
        return intent_of(_of(payment_intent_id, reply), expanded=True)

    def payment_intents(self, stripe_customer_id: str, first: datetime, last: datetime) -> Iterator[StripeIntent]:
        """A customer's payment intents created from `first` to `last`, both included, with cards and refunds."""
        wanted = {
            "customer": stripe_customer_id,
            "created": _created(first, last),
            "expand": [f"data.{name}" for name in _INTENT_EXPANDED],
        }
        for reply in self._pages(self._client.v1.payment_intents.list, "payment_intent", wanted):
            intent = intent_of(reply, expanded=True)
            if intent.customer_id != stripe_customer_id:
                raise reply.unusable("customer")
            yield intent

    def create_refund(self, request: Mapping[str, Any], idempotency_key: str) -> StripeRefund:
        """Makes the refund that `request` describes, or returns the one this key made before."""
        create = self._client.v1.refunds.create
        reply = self._ask("refund", partial(create, _parameters(request), _under(idempotency_key)))
        return refund_of(reply, request["payment_intent"])

    def refunds(self, payment_intent_id: str) -> Iterator[StripeRefund]:
        """Every refund of a payment, whoever made it."""
        listed = self._pages(self._client.v1.refunds.list, "refund", {"payment_intent": payment_intent_id})
        return (refund_of(reply, payment_intent_id) for reply in listed)

    def events(self, since: datetime) -> Iterator[StripeEvent]:
        """What happened at Stripe from `since` on to sessions, payments and refunds; it reaches back 30 days."""
        wanted = {"types": list(EVENT_TYPES), "created": {"gte": _second(since)}}
        return (event_of(reply) for reply in self._pages(self._client.v1.events.list, "event", wanted))

    def saved_card(self, stripe_customer_id: str) -> Card | None:
        """The customer's default card, else the one saved last; None without one."""
        customers = self._client.v1.customers
        expand: Any = {"expand": ["invoice_settings.default_payment_method"]}
        customer = _of(
            stripe_customer_id, self._ask("customer", partial(customers.retrieve, stripe_customer_id, expand))
        )
        if customer.has("deleted"):
            return None
        customer.flag("livemode")
        default = customer.part("invoice_settings", None).optional_part("default_payment_method", "payment_method")
        if default is not None and default.text("type") == "card":
            return card_of(default)
        listing = partial(customers.payment_methods.list, stripe_customer_id, {"type": "card", "limit": 1})
        newest = self._ask("list", listing).parts("data", "payment_method")
        return card_of(newest[0]) if newest else None

    def _ask(self, kind: str, call: Callable[[], object]) -> Reply:
        """Makes a call, and takes its answer for an object of a kind."""
        request_id = None
        with _errors():
            answer = call()
            if isinstance(answer, stripe.StripeObject):
                request_id = answer.last_response.request_id if answer.last_response else None
                answer = answer.to_dict()
        return Reply(answer, kind, livemode=self._livemode, request_id=request_id)

    def _pages(self, list_page: Callable[[Any], object], kind: str, parameters: Mapping[str, Any]) -> Iterator[Reply]:
        """The objects of a list, page by page, each page asked for when it is needed.

        Source: https://docs.stripe.com/api/pagination
        """
        wanted = {**parameters, "limit": PAGE}
        while True:
            page = self._ask("list", partial(list_page, wanted))
            things = page.parts("data", kind)
            yield from things
            if not page.flag("has_more"):
                return
            last = things[-1].text("id") if things else None
            if last is None or last == wanted.get("starting_after"):
                raise page.unusable("next page")
            wanted = {**wanted, "starting_after": last}


def _parameters(request: Mapping[str, Any]) -> Any:
    """A stored request as the SDK takes it: its types know no such thing as a request that was composed before."""
    return dict(request)


def _under(idempotency_key: str) -> stripe.RequestOptions:
    return {"idempotency_key": idempotency_key}


def _second(moment: datetime) -> int:
    """The second that a moment falls in, as Stripe counts them."""
    return int(moment.timestamp())


def _created(first: datetime, last: datetime) -> dict[str, int]:
    return {"gte": _second(first), "lte": _second(last)}


def _of(identifier: str, reply: Reply) -> Reply:
    """The reply, if it is about the object that was asked for."""
    if reply.text("id") != identifier:
        raise reply.refused("is about another object than the one asked for")
    return reply


@contextmanager
def _errors() -> Iterator[None]:
    """Names what went wrong by what it means for the call: refused, denied, not done, or unknown.

    The SDK's exceptions hold the reply's body and headers in their arguments, so none is chained.
    Source: https://docs.stripe.com/error-low-level
    """
    try:
        yield
    except (stripe.AuthenticationError, stripe.PermissionError, stripe.RateLimitError) as error:
        raise _not_looked_at(error) from None
    except stripe.IdempotencyError as error:
        sentence = "Stripe knows this request's key from a request that differs."
        raise OutcomeUnknown(sentence, request_id=error.request_id) from None
    except stripe.CardError as error:
        raise _declined(error) from None
    except stripe.InvalidRequestError as error:
        sentence = f"Stripe refused: {words(error.user_message) or 'no reason given'}"
        raise GatewayRefused(sentence, request_id=error.request_id, field=words(error.param)) from None
    except stripe.APIConnectionError as error:
        if isinstance(error.__cause__, ReplyTooLong):
            raise GatewayUnreadable("Stripe's reply is too long to be read.") from None
        broken_off = isinstance(error.__cause__, requests.exceptions.ChunkedEncodingError)
        raise OutcomeUnknown("Stripe's answer broke off." if broken_off else "Stripe did not answer.") from None
    except stripe.StripeError as error:
        raise OutcomeUnknown(_unanswered(error.http_status or 0), request_id=error.request_id) from None
    except (AttributeError, TypeError, ValueError, RecursionError):
        # what the SDK itself stumbles over in a reply: an "error" that is no object, objects without end in each other
        raise GatewayUnreadable("Stripe's reply cannot be read.") from None


def _not_looked_at(
    error: stripe.AuthenticationError | stripe.PermissionError | stripe.RateLimitError,
) -> GatewayDenied | TryAgain | OutcomeUnknown:
    """What it means that Stripe turned a request away unread: nothing for an earlier attempt that has no answer."""
    if isinstance(error, stripe.RateLimitError):
        sentence = "Stripe asks for a pause."
    elif isinstance(error, stripe.AuthenticationError):
        sentence = "Stripe does not accept the key."
    else:
        sentence = f"The Stripe key lacks {_right(error)}."
    if LOST_BEFORE in (error.headers or {}):
        return OutcomeUnknown(f"Stripe did not answer, and then: {sentence}", request_id=error.request_id)
    named = TryAgain if isinstance(error, stripe.RateLimitError) else GatewayDenied
    return named(sentence, request_id=error.request_id)


def _unanswered(status: int) -> str:
    """What an answer says that is neither a yes nor a no."""
    if status == 409:
        return "Stripe is still working on this request."
    if 200 <= status < 300:
        return "Stripe's answer is not whole, or not Stripe's."
    return f"Stripe answered with an error of its own (HTTP {status})."


def _declined(error: stripe.CardError) -> CardDeclined:
    """What Stripe says of a card that was not charged. Source: https://docs.stripe.com/declines"""
    body = error.json_body
    details = body["error"] if isinstance(body, dict) and isinstance(body.get("error"), dict) else {}
    intent = details.get("payment_intent")
    intent_id = intent.get("id") if isinstance(intent, dict) else None
    return CardDeclined(
        f"The card was declined: {words(error.user_message) or 'no reason given'}",
        decline_code=words(details.get("decline_code")) or words(details.get("code")) or "card_declined",
        payment_intent_id=intent_id if isinstance(intent_id, str) and intent_id.startswith("pi_") else None,
        request_id=error.request_id,
    )


def _right(error: stripe.PermissionError) -> str:
    """The right that a restricted key lacks, where Stripe names it: `rak_checkout_session_write`, among other words."""
    named = re.search(r"'(?:rak_)?([a-z_]{1,60}_(?:read|write))'", words(error.user_message) or "")
    return f"the right {named[1]}" if named else "the right for this"
