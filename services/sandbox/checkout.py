"""Checkout Sessions: how they are made, paid and ended.

Source of the rules: https://docs.stripe.com/api/checkout/sessions/create
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from services.sandbox.cards import authentication_failed, card_of
from services.sandbox.errors import AuthenticationNeeded, Refused, exclusive, required
from services.sandbox.objects import CheckoutSession, Customer, LineItem, PaymentIntent
from services.sandbox.payments import authorize, failed, new_intent, new_method, succeed
from services.sandbox.rules import MINIMUM_CENTS, check_amount, check_currency, check_length, check_metadata
from services.sandbox.state import State, new_id

PROMOTION_CODES: Mapping[str, int] = {"TAKE20": 20, "ONTHEHOUSE": 100}
"""The promotion codes that the hosted page takes, with the percentage that each takes off."""

_SHORTEST_SECONDS, _LONGEST_SECONDS = 30 * 60, 24 * 60 * 60
_REFERENCE_LENGTH = 200
_LINE_ITEMS = 100


@dataclass(frozen=True)
class Payment:
    """What a person enters on the hosted page; `authenticated` is None before the bank has asked."""

    card: str
    email: str
    promotion_code: str = ""
    authenticated: bool | None = None


def create_session(state: State, parameters: dict[str, Any]) -> CheckoutSession:
    """Create an open session. Raises Refused for what Stripe would refuse."""
    _check_exclusions(parameters)
    check_metadata(parameters.get("metadata"), param="metadata")
    check_length(parameters.get("client_reference_id", ""), _REFERENCE_LENGTH, param="client_reference_id")
    for name in ("success_url", "cancel_url"):
        _check_url(parameters, name)
    now = state.now()
    items = _line_items(parameters)
    expires_at = _expiry(parameters, now)
    email = parameters.get("customer_email")
    if "customer" in parameters:
        email = state.get(Customer, parameters["customer"], param="customer").email
    identifier = new_id("cs_test_")
    session = CheckoutSession(
        id=identifier,
        created=now,
        expires_at=expires_at,
        page_url=f"{state.page_base}/pay/{identifier}",
        currency=items[0].currency,
        line_items=items,
        request=dict(parameters),
        customer_id=parameters.get("customer"),
        email=email,
    )
    check_amount(
        session.total_cents,
        session.currency,
        what="The Checkout Session's total amount due",
        zero_allowed=True,
    )
    return state.add(session)


def _check_exclusions(parameters: Mapping[str, Any]) -> None:
    if "mode" not in parameters:
        raise required("mode")
    if parameters["mode"] != "payment":
        raise Refused("The sandbox supports the mode `payment` only.", param="mode")
    if parameters.get("ui_mode", "hosted_page") != "hosted_page":
        raise Refused("The sandbox supports the ui_mode `hosted_page` only.", param="ui_mode")
    if "success_url" not in parameters:
        raise required("success_url")
    for param, other in (
        ("customer", "customer_creation"),
        ("customer", "customer_email"),
        ("allow_promotion_codes", "discounts"),
    ):
        if param in parameters and other in parameters:
            raise exclusive(param, other)
    if "discounts" in parameters:
        raise Refused("The sandbox holds no coupons: use a promotion code on its page.", param="discounts")


def _check_url(parameters: Mapping[str, Any], name: str) -> None:
    """A URL is checked by its beginning: braces, as in {CHECKOUT_SESSION_ID}, are allowed in it."""
    url = parameters.get(name)
    if url is not None and not _is_web_address(url):
        raise Refused("Not a valid URL", code="url_invalid", param=name)


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _line_items(parameters: Mapping[str, Any]) -> tuple[LineItem, ...]:
    given = parameters.get("line_items")
    if not given:
        sentence = "You must pass `line_items` in `payment` mode."
        raise Refused(sentence, code="parameter_missing", param="line_items")
    if len(given) > _LINE_ITEMS:
        raise Refused(f"A session has at most {_LINE_ITEMS} line items.", param="line_items")
    items = tuple(_line_item(item, f"line_items[{index}]") for index, item in enumerate(given))
    if len({item.currency for item in items}) > 1:
        raise Refused("All line items must have the same currency.", param="line_items")
    return items


def _line_item(item: Mapping[str, Any], param: str) -> LineItem:
    if "price" in item and "price_data" in item:
        raise exclusive(f"{param}[price]", "price_data")
    if "price" in item:
        price = f"{param}[price]"
        raise Refused(f"No such price: '{item['price']}'", code="resource_missing", param=price)
    if "price_data" not in item:
        raise required(f"{param}[price_data]")
    data = item["price_data"]
    for name in ("unit_amount", "product_data"):
        if name not in data:
            raise required(f"{param}[price_data][{name}]")
    if "recurring" in data:
        sentence = "You specified `payment` mode but passed a recurring price."
        raise Refused(sentence, param=f"{param}[price_data][recurring]")
    check_currency(data["currency"], param=f"{param}[price_data][currency]")
    amount, quantity = data["unit_amount"], item.get("quantity", 1)
    for name, value, least in (("price_data][unit_amount", amount, 0), ("quantity", quantity, 1)):
        if value < least:
            sentence = f"This value must be greater than or equal to {least}."
            raise Refused(sentence, code="parameter_invalid_integer", param=f"{param}[{name}]")
    return LineItem(
        id=new_id("li_"),
        price_id=new_id("price_"),
        product_id=new_id("prod_"),
        name=data["product_data"]["name"],
        currency=data["currency"],
        unit_amount_cents=amount,
        quantity=quantity,
    )


def _expiry(parameters: Mapping[str, Any], now: int) -> int:
    expires_at: int = parameters.get("expires_at", now + _LONGEST_SECONDS)
    if expires_at - now < _SHORTEST_SECONDS:
        sentence = "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."
        raise Refused(sentence, param="expires_at")
    if expires_at - now > _LONGEST_SECONDS:
        sentence = "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."
        raise Refused(sentence, param="expires_at")
    return expires_at


def expire_session(state: State, session: CheckoutSession) -> None:
    """End an open session. Raises Refused for one that is over already.

    Source: https://docs.stripe.com/api/checkout/sessions/expire
    """
    if session.status != "open":
        sentence = (
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of {session.status}."
        )
        raise Refused(sentence)
    state.expire(session)


def pay_session(state: State, session: CheckoutSession, payment: Payment) -> None:
    """Pay an open session as a person on the hosted page would.

    Raises CardRefused when the card is declined, AuthenticationNeeded when its bank wants its holder first, and
    Refused when there is nothing to pay any more or a promotion code does not apply. The session then stays as
    it was.
    """
    if session.status != "open":
        raise Refused(f"This Checkout Session has a status of {session.status}.")
    discount_cents = _promotion(session, payment.promotion_code)
    due_cents = session.subtotal_cents - discount_cents
    email = session.email or payment.email
    if due_cents:
        _charge(state, session, payment, due_cents)
    else:
        session.customer_id = _customer_id(state, session, email)
    session.discount_cents = discount_cents
    session.email = email
    session.status = "complete"
    session.payment_status = "paid" if due_cents else "no_payment_required"
    state.happened("checkout.session.completed", session)


def _promotion(session: CheckoutSession, code: str) -> int:
    """The cents that a promotion code takes off."""
    if not code:
        return 0
    percent = PROMOTION_CODES.get(code.strip().upper())
    if percent is None or not session.request.get("allow_promotion_codes", False):
        raise Refused("This promotion code is invalid.", param="promotion_code")
    discount_cents = (session.subtotal_cents * percent + 50) // 100
    if 0 < session.subtotal_cents - discount_cents < MINIMUM_CENTS[session.currency]:
        raise Refused("This promotion code leaves less than can be charged.", param="promotion_code")
    return discount_cents


def _charge(state: State, session: CheckoutSession, payment: Payment, due_cents: int) -> None:
    email = session.email or payment.email
    method = new_method(state, card_of(payment.card), email=email)
    intent = _intent(state, session, due_cents)
    if payment.authenticated is False:
        raise failed(state, intent, method, authentication_failed())
    if not authorize(state, intent, method, authenticated=payment.authenticated is True):
        raise AuthenticationNeeded
    session.customer_id = intent.customer_id = _customer_id(state, session, email)
    succeed(state, intent, method)


def _intent(state: State, session: CheckoutSession, due_cents: int) -> PaymentIntent:
    """The session's payment intent: made by the first attempt and kept for those that follow."""
    if session.intent_id is not None:
        intent = state.get(PaymentIntent, session.intent_id)
        intent.amount_cents = due_cents
        return intent
    data = session.request.get("payment_intent_data", {})
    intent = new_intent(
        state,
        amount_cents=due_cents,
        currency=session.currency,
        customer_id=session.customer_id,
        setup_future_usage=data.get("setup_future_usage"),
        description=data.get("description"),
        metadata=dict(data.get("metadata", {})),
    )
    session.intent_id = intent.id
    return intent


def _customer_id(state: State, session: CheckoutSession, email: str) -> str | None:
    """The session's customer, made when its creation asked for one or a card is to be kept; else a guest."""
    if session.customer_id is not None:
        customer = state.get(Customer, session.customer_id)
        customer.email = customer.email or email
        return customer.id
    if session.request.get("customer_creation") != "always" and not session.saves_card:
        return None
    customer = state.add(Customer(id=new_id("cus_"), created=state.now(), email=email))
    state.happened("customer.created", customer)
    return customer.id
