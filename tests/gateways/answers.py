"""What Stripe answers, and what it is asked, as the tests of the gateway need it."""

import json
import traceback
from typing import Any

from services.domain.card import SavedCard
from services.domain.charge import charge_request
from services.domain.checkout import Channel, OrderDraft, checkout_request
from services.errors import GatewayRefused, PaydeskError
from tests.fakes import VISA
from tests.gateways.scripted import Reply
from tests.stores.drafts import access_draft

SECRET = "sk_test_this_key_is_a_secret"
TOLD = "words of the reply"


def session_request(order_id: int = 42, **changes: Any) -> dict[str, Any]:
    """The request for the initial purchase."""
    request = checkout_request(
        access_draft(7),
        order_id=order_id,
        reference=f"paydesk_{order_id}",
        product_name="Thunderbird Access",
        success_url="https://shop/ok?session_id={CHECKOUT_SESSION_ID}",
        cancel_url="https://shop/no",
        allow_promotion_codes=True,
        stripe_customer_id=None,
    )
    return {**request, **changes}


def intent_request(stripe_customer_id: str, payment_method_id: str, amount_cents: int = 1000) -> dict[str, Any]:
    """The request for a top-up with a saved card."""
    draft = OrderDraft.top_up(7, amount_cents, currency="usd", livemode=False, channel=Channel.SAVED_CARD)
    saved = SavedCard(7, stripe_customer_id, False, VISA)
    request = charge_request(draft, saved, order_id=43, reference="paydesk_43", description="Top-up")
    return {**request, "payment_method": payment_method_id}


def session(**changes: Any) -> dict[str, Any]:
    """A session as Stripe answers it, with what the gateway reads and a little of what it does not."""
    return {
        "id": "cs_test_1",
        "object": "checkout.session",
        "amount_subtotal": 2999,
        "amount_total": 2999,
        "client_reference_id": "paydesk_42",
        "currency": "usd",
        "customer": None,
        "expires_at": 1795528987,
        "livemode": False,
        "metadata": {"told": TOLD},
        "mode": "payment",
        "payment_intent": None,
        "payment_status": "unpaid",
        "status": "open",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "url": "https://checkout.stripe.com/c/pay/cs_test_1",
        **changes,
    }


def card(**changes: Any) -> dict[str, Any]:
    """A saved card as Stripe answers it."""
    return {
        "id": "pm_1",
        "object": "payment_method",
        "card": {"brand": "visa", "exp_month": 11, "exp_year": 2031, "last4": "4242"},
        "customer": "cus_1",
        "livemode": False,
        "type": "card",
        **changes,
    }


def charge(**changes: Any) -> dict[str, Any]:
    """The charge of a paid intent, with a part of it refunded."""
    return {
        "id": "ch_1",
        "object": "charge",
        "amount": 2999,
        "amount_refunded": 500,
        "currency": "usd",
        "livemode": False,
        "payment_intent": "pi_1",
        **changes,
    }


def intent(**changes: Any) -> dict[str, Any]:
    """A paid intent as Stripe answers it, expanded."""
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "amount": 2999,
        "amount_received": 2999,
        "created": 1795442587,
        "currency": "usd",
        "customer": "cus_1",
        "last_payment_error": None,
        "latest_charge": charge(),
        "livemode": False,
        "metadata": {"reference": "paydesk_43"},
        "payment_method": card(),
        "setup_future_usage": "off_session",
        "status": "succeeded",
        **changes,
    }


def paid_session(**changes: Any) -> dict[str, Any]:
    """A paid session as Stripe answers it, expanded."""
    paid = {"status": "complete", "payment_status": "paid", "url": None, "customer": "cus_1"}
    return session(**{**paid, "payment_intent": intent(), **changes})


def refund(**changes: Any) -> dict[str, Any]:
    """A refund as Stripe answers it."""
    return {
        "id": "re_1",
        "object": "refund",
        "amount": 500,
        "currency": "usd",
        "metadata": {"reference": "paydesk_refund_1"},
        "payment_intent": "pi_1",
        "status": "succeeded",
        **changes,
    }


def event(kind: str, thing: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An event as Stripe answers it."""
    return {
        "id": "evt_1",
        "object": "event",
        "created": 1795442587,
        "data": {"object": thing},
        "livemode": False,
        "type": kind,
        **changes,
    }


def page(*things: object, has_more: object = False) -> dict[str, Any]:
    """One page of a list."""
    return {"object": "list", "url": "/v1/things", "data": list(things), "has_more": has_more}


def as_reply(body: object, status: int = 200, **headers: str) -> Reply:
    """The answer with this JSON; in the names of headers, `_` stands for a hyphen."""
    return Reply(json.dumps(body).encode(), status, {name.replace("_", "-"): headers[name] for name in headers})


def error_reply(status: int, kind: str, **fields: Any) -> Reply:
    """An error of Stripe's, with a request id."""
    error = {"type": kind, "message": f"Message with {TOLD}", **fields}
    return as_reply({"error": error}, status, Request_Id="req_7")


def tells_nothing(error: PaydeskError) -> None:
    """That an error holds neither the key nor the reply, and that none is chained to it."""
    told = "".join(traceback.format_exception(error))
    assert SECRET not in told
    assert "stripe.com/c/pay" not in told
    if not isinstance(error, GatewayRefused):
        assert TOLD not in told
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
