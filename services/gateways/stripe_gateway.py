"""Stripe as a `PaymentGateway`: the only place that calls the SDK, checks its replies and names its errors."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urlsplit

import stripe
from pydantic import SecretStr

from services.domain.checkout import StripeSession
from services.errors import GatewayDenied, GatewayRefused, GatewayUnreadable, OutcomeUnknown, TryAgain

TIMEOUT_SECONDS = (5, 20)
"""For connecting, and for each wait on an answer."""

MAX_NETWORK_RETRIES = 2
"""Retries of one call, with the same idempotency key. `StripeClient` makes none unless it is told."""

_SESSION_STATUSES = ("open", "complete", "expired")


class StripeGateway:
    """Talks to Stripe at `api_base` with one key. Opens its connection at the first call; safe from any thread."""

    def __init__(self, secret_key: SecretStr, *, api_base: str, max_network_retries: int = MAX_NETWORK_RETRIES) -> None:
        key = secret_key.get_secret_value()
        stripe.enable_telemetry = False
        self._api_base = api_base
        self._livemode = "_live_" in key[:8]
        self._client = stripe.StripeClient(
            key,
            base_addresses={"api": api_base},
            http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
            max_network_retries=max_network_retries,
        )

    @property
    def livemode(self) -> bool:
        """Whether the calls move real money."""
        return self._livemode

    def create_checkout_session(self, request: Mapping[str, Any], idempotency_key: str) -> StripeSession:
        """Creates the session that `request` describes, or returns the one this key created before."""
        parameters = cast("stripe.params.checkout.SessionCreateParams", dict(request))
        with _errors():
            reply = self._client.v1.checkout.sessions.create(parameters, {"idempotency_key": idempotency_key})
        return self._session(reply)

    def retrieve_checkout_session(self, session_id: str) -> StripeSession:
        """The session as it stands at Stripe now."""
        with _errors():
            reply = self._client.v1.checkout.sessions.retrieve(session_id)
        session = self._session(reply)
        if session.id != session_id:
            raise GatewayUnreadable("Stripe answered with another session than the one asked for.")
        return session

    def default_payment_method(self, stripe_customer_id: str) -> str | None:
        """The id of the customer's default payment method, else of the newest saved card; None without one."""
        with _errors():
            customer = _Reply(self._client.v1.customers.retrieve(stripe_customer_id), "customer")
            if customer.data.get("deleted") is True:
                return None
            invoice_settings = customer.data.get("invoice_settings")
            default = invoice_settings.get("default_payment_method") if isinstance(invoice_settings, dict) else None
            if isinstance(default, str):
                return default
            cards = _Reply(
                self._client.v1.customers.payment_methods.list(stripe_customer_id, {"type": "card", "limit": 1}), "list"
            )
        newest = cards.list("data")[:1]
        return _Reply(newest[0], "payment_method").id("id", "pm_", "card_") if newest else None

    def _session(self, answer: object) -> StripeSession:
        reply = _Reply(answer, "checkout.session")
        details = reply.data.get("total_details")
        discount = _Reply(details, None).cents("amount_discount") if details is not None else 0
        session = StripeSession(
            id=reply.id("id", "cs_"),
            url=self._checkout_url(reply.optional_text("url")),
            status=reply.one_of("status", _SESSION_STATUSES),
            payment_status=reply.one_of("payment_status", ("paid", "unpaid", "no_payment_required")),
            amount_total_cents=reply.cents("amount_total"),
            amount_discount_cents=discount,
            currency=reply.text("currency"),
            livemode=reply.flag("livemode"),
            client_reference_id=reply.optional_text("client_reference_id"),
            customer_id=reply.optional_id("customer", "cus_"),
            payment_intent_id=reply.optional_id("payment_intent", "pi_"),
            expires_at=reply.moment("expires_at"),
        )
        if session.livemode is not self.livemode:
            raise GatewayUnreadable("Stripe's reply belongs to another mode (live or test) than the key.")
        return session

    def _checkout_url(self, url: str | None) -> str | None:
        """The link, if it is one that a customer may be sent to: https, or the local stand-in's own address."""
        if url is None:
            return None
        try:
            link, own = urlsplit(url), urlsplit(self._api_base)
        except ValueError:
            raise _unreadable("url") from None
        if (link.scheme, link.netloc) == (own.scheme, own.netloc) or (link.scheme == "https" and link.hostname):
            return url
        raise GatewayUnreadable("Stripe's reply holds a link that is not https.")


@contextmanager
def _errors() -> Iterator[None]:
    """Names what went wrong by what it means for the call: refused, denied, not done, or unknown.

    The SDK's exceptions hold the reply's body and headers in their arguments, so none is chained.
    Source: https://docs.stripe.com/error-low-level
    """
    try:
        yield
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise GatewayDenied(
            "Stripe does not accept the key, or the key lacks the right for this.", request_id=error.request_id
        ) from None
    except stripe.RateLimitError:
        raise TryAgain("Stripe asks for a pause. Nothing was charged.") from None
    except stripe.IdempotencyError:
        raise OutcomeUnknown("Stripe knows this request's key from a request that differs.") from None
    except (stripe.InvalidRequestError, stripe.CardError) as error:
        sentence = error.user_message or "no reason given"
        raise GatewayRefused(f"Stripe refused: {sentence}", request_id=error.request_id, field=error.param) from None
    except stripe.APIConnectionError:
        raise OutcomeUnknown("Stripe did not answer.") from None
    except stripe.StripeError as error:
        if error.http_status == 409:
            raise OutcomeUnknown("Stripe is still working on this request.") from None
        raise OutcomeUnknown(f"Stripe answered with an error of its own (HTTP {error.http_status}).") from None
    except (AttributeError, TypeError, ValueError):
        # what the SDK itself stumbles over in a reply: bytes that are no UTF-8, an "error" that is no object
        raise GatewayUnreadable("Stripe's reply cannot be read.") from None


class _Reply:
    """One object of a reply, read strictly: a field that is not what the API promises raises `GatewayUnreadable`."""

    def __init__(self, answer: object, kind: str | None) -> None:
        data = answer.to_dict() if isinstance(answer, stripe.StripeObject) else answer
        if not isinstance(data, dict) or (kind is not None and data.get("object") != kind):
            raise GatewayUnreadable(f"Stripe's reply is not a {kind or 'set of fields'}.")
        self.data: dict[str, Any] = data

    def text(self, name: str) -> str:
        value = self.data.get(name)
        if not isinstance(value, str) or not value:
            raise _unreadable(name)
        return value

    def optional_text(self, name: str) -> str | None:
        return None if self.data.get(name) is None else self.text(name)

    def id(self, name: str, *prefixes: str) -> str:
        value = self.text(name)
        if not value.startswith(prefixes):
            raise _unreadable(name)
        return value

    def optional_id(self, name: str, *prefixes: str) -> str | None:
        return None if self.data.get(name) is None else self.id(name, *prefixes)

    def one_of(self, name: str, values: tuple[str, ...]) -> str:
        value = self.text(name)
        if value not in values:
            raise _unreadable(name)
        return value

    def cents(self, name: str) -> int:
        value = self.data.get(name)
        if type(value) is not int or value < 0:
            raise _unreadable(name)
        return value

    def flag(self, name: str) -> bool:
        value = self.data.get(name)
        if not isinstance(value, bool):
            raise _unreadable(name)
        return value

    def moment(self, name: str) -> datetime:
        """A time that Stripe gives in whole seconds since 1970."""
        seconds = self.cents(name)
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (OverflowError, ValueError, OSError):
            raise _unreadable(name) from None

    def list(self, name: str) -> list[Any]:
        value = self.data.get(name)
        if not isinstance(value, list):
            raise _unreadable(name)
        return value


def _unreadable(name: str) -> GatewayUnreadable:
    return GatewayUnreadable(f"Stripe's reply has no usable {name}.")
