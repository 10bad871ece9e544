from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import stripe

from services.sandbox import CardRefused, Refused, Sandbox
from tests.sandbox.scene import MovableClock, access_request


def refusal(client: stripe.StripeClient, request: Any) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.create(request)
    return caught.value


def without(request: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in request.items() if key != name}


def test_the_desks_own_request_is_accepted_and_recorded_to_the_letter(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    request: Any = access_request()
    client.v1.checkout.sessions.create(request, {"idempotency_key": "order-42"})
    (recorded,) = sandbox.requests
    assert (recorded.method, recorded.path) == ("POST", "/v1/checkout/sessions")
    assert recorded.parameters == request
    assert recorded.parameters["line_items"][0]["price_data"]["unit_amount"] == 2999
    assert recorded.parameters["allow_promotion_codes"] is True
    assert (recorded.idempotency_key, recorded.replayed) == ("order-42", False)


def test_a_new_session_is_open_and_says_what_is_due(
    sandbox: Sandbox, client: stripe.StripeClient, clock: MovableClock
) -> None:
    request: Any = access_request()
    created = client.v1.checkout.sessions.create(request)
    session = client.v1.checkout.sessions.retrieve(created.id)
    assert session.id.startswith("cs_test_")
    assert session.url == f"{sandbox.api_base}/pay/{session.id}"
    assert (session.status, session.payment_status, session.mode) == ("open", "unpaid", "payment")
    assert (session.amount_subtotal, session.amount_total, session.currency) == (2999, 2999, "usd")
    assert session.total_details is not None
    assert session.total_details.amount_discount == 0
    assert session.livemode is False
    assert session.client_reference_id == "order-42"
    assert session.metadata is not None
    assert session.metadata.to_dict() == request["metadata"]
    assert session.success_url == request["success_url"]
    assert (session.customer, session.payment_intent) == (None, None)
    assert (session.created, session.expires_at) == (clock.seconds, clock.seconds + 86400)


def test_paying_makes_the_customer_and_keeps_the_card(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    request: Any = access_request()
    session_id = client.v1.checkout.sessions.create(request).id
    sandbox.pay(session_id, email="ada@example.com")
    session = client.v1.checkout.sessions.retrieve(session_id, {"expand": ["payment_intent", "customer", "line_items"]})
    assert (session.status, session.payment_status, session.url) == ("complete", "paid", None)
    assert isinstance(session.customer, stripe.Customer)
    assert session.customer.email == "ada@example.com"
    assert isinstance(session.payment_intent, stripe.PaymentIntent)
    assert session.payment_intent.status == "succeeded"
    assert session.payment_intent.amount_received == 2999
    assert session.line_items is not None
    assert session.line_items.data[0].description == "Thunderbird Access"
    (method,) = client.v1.customers.payment_methods.list(session.customer.id).data
    assert method.card is not None
    assert (method.card.brand, method.card.last4) == ("visa", "4242")
    assert session.payment_intent.payment_method == method.id


def test_a_known_customer_pays_again(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"email": "ada@example.com"})
    request: Any = access_request(customer_id=customer.id)
    session = client.v1.checkout.sessions.create(request)
    assert (session.customer, session.customer_creation) == (customer.id, None)
    sandbox.pay(session.id, card="5555555555554444")
    methods = client.v1.payment_methods.list({"customer": customer.id, "type": "card"}).data
    assert [method.card.brand for method in methods if method.card] == ["mastercard"]
    assert len(client.v1.customers.list().data) == 1


def test_a_guest_pays_and_leaves_no_customer(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    request: Any = without(without(access_request(), "customer_creation"), "payment_intent_data")
    session_id = client.v1.checkout.sessions.create(request).id
    sandbox.pay(session_id)
    session = client.v1.checkout.sessions.retrieve(session_id)
    assert (session.payment_status, session.customer) == ("paid", None)
    assert client.v1.customers.list().data == []


def test_a_decline_leaves_the_session_open_for_another_card(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    request: Any = access_request()
    session_id = client.v1.checkout.sessions.create(request).id
    with pytest.raises(CardRefused, match="Your card was declined"):
        sandbox.pay(session_id, card="4000000000000002")
    session = client.v1.checkout.sessions.retrieve(session_id)
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    assert client.v1.customers.list().data == []
    sandbox.pay(session_id)
    assert client.v1.checkout.sessions.retrieve(session_id).payment_status == "paid"
    assert len(client.v1.payment_intents.list().data) == 1
    with pytest.raises(Refused, match="complete"):
        sandbox.pay(session_id)


def test_eight_who_pay_at_once_pay_once(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    request: Any = access_request()
    session_id = client.v1.checkout.sessions.create(request).id
    start = Barrier(8)

    def pay(_: int) -> bool:
        start.wait()
        try:
            sandbox.pay(session_id)
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(pay, range(8))) == 1
    assert len(client.v1.payment_intents.list().data) == 1


def test_a_promotion_code_lowers_what_is_paid(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    request: Any = access_request()
    session_id = client.v1.checkout.sessions.create(request).id
    sandbox.pay(session_id, promotion_code="take20")
    session = client.v1.checkout.sessions.retrieve(session_id, {"expand": ["payment_intent"]})
    assert (session.amount_subtotal, session.amount_total) == (2999, 2399)
    assert session.total_details is not None
    assert session.total_details.amount_discount == 600
    assert isinstance(session.payment_intent, stripe.PaymentIntent)
    assert session.payment_intent.amount == 2399


def test_a_promotion_code_of_everything_collects_no_card(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    request: Any = access_request()
    session_id = client.v1.checkout.sessions.create(request).id
    sandbox.pay(session_id, promotion_code="ONTHEHOUSE")
    session = client.v1.checkout.sessions.retrieve(session_id)
    assert (session.status, session.payment_status) == ("complete", "no_payment_required")
    assert (session.amount_total, session.payment_intent) == (0, None)
    assert session.customer is not None


def test_promotion_codes_need_to_be_allowed(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    request: Any = access_request(promotion_codes=False)
    session_id = client.v1.checkout.sessions.create(request).id
    with pytest.raises(Refused, match="promotion code"):
        sandbox.pay(session_id, promotion_code="TAKE20")


def test_expiring_ends_an_open_session_once(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    request: Any = access_request()
    session_id = client.v1.checkout.sessions.create(request).id
    assert client.v1.checkout.sessions.expire(session_id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="status of expired"):
        client.v1.checkout.sessions.expire(session_id)
    with pytest.raises(Refused):
        sandbox.pay(session_id)
    with pytest.raises(Refused):
        sandbox.expire(session_id)


def test_a_session_expires_by_the_clock(sandbox: Sandbox, client: stripe.StripeClient, clock: MovableClock) -> None:
    request: Any = access_request() | {"expires_at": clock.seconds + 1800}
    session_id = client.v1.checkout.sessions.create(request).id
    clock.move(timedelta(seconds=1799))
    assert client.v1.checkout.sessions.retrieve(session_id).status == "open"
    clock.move(timedelta(seconds=1))
    session = client.v1.checkout.sessions.retrieve(session_id)
    assert (session.status, session.payment_status, session.url) == ("expired", "unpaid", None)
    (event,) = client.v1.events.list({"types": ["checkout.session.expired"]}).data
    assert event.data.object["id"] == session_id
    with pytest.raises(Refused):
        sandbox.pay(session_id)


@pytest.mark.parametrize(("seconds", "sentence"), [(1799, "at least 30 minutes"), (86401, "less than 24 hours")])
def test_an_expiry_out_of_bounds_is_refused(
    client: stripe.StripeClient, clock: MovableClock, seconds: int, sentence: str
) -> None:
    error = refusal(client, access_request() | {"expires_at": clock.seconds + seconds})
    assert error.param == "expires_at"
    assert sentence in str(error)


def test_customer_and_customer_creation_exclude_each_other(client: stripe.StripeClient) -> None:
    error = refusal(client, access_request() | {"customer": "cus_any"})
    assert "customer, customer_creation" in str(error)


def test_promotion_codes_and_discounts_exclude_each_other_even_when_false(client: stripe.StripeClient) -> None:
    error = refusal(client, access_request() | {"allow_promotion_codes": False, "discounts": [{"coupon": "x"}]})
    assert "allow_promotion_codes, discounts" in str(error)


@pytest.mark.parametrize(
    ("total_cents", "code"),
    [(1, "amount_too_small"), (49, "amount_too_small"), (100_000_000, "amount_too_large")],
)
def test_totals_that_cannot_be_charged_are_refused(client: stripe.StripeClient, total_cents: int, code: str) -> None:
    assert refusal(client, access_request(total_cents=total_cents)).code == code


@pytest.mark.parametrize("total_cents", [0, 50, 99_999_999])
def test_totals_at_the_edges_are_accepted(client: stripe.StripeClient, total_cents: int) -> None:
    request: Any = access_request(total_cents=total_cents)
    assert client.v1.checkout.sessions.create(request).amount_total == total_cents


def test_nothing_to_pay_completes_without_a_payment(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    request: Any = access_request(total_cents=0)
    session_id = client.v1.checkout.sessions.create(request).id
    sandbox.pay(session_id)
    session = client.v1.checkout.sessions.retrieve(session_id)
    assert (session.status, session.payment_status) == ("complete", "no_payment_required")
    assert client.v1.payment_intents.list().data == []


@pytest.mark.parametrize("name", ["mode", "line_items", "success_url"])
def test_what_is_required_is_missed(client: stripe.StripeClient, name: str) -> None:
    error = refusal(client, without(access_request(), name))
    assert (error.param, error.code) == (name, "parameter_missing")


@pytest.mark.parametrize("name", ["currency", "unit_amount", "product_data"])
def test_price_data_needs_its_parts(client: stripe.StripeClient, name: str) -> None:
    request = access_request()
    del request["line_items"][0]["price_data"][name]
    error = refusal(client, request)
    assert (error.param, error.code) == (f"line_items[0][price_data][{name}]", "parameter_missing")


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"metadata": {"note": "x" * 501}}, "metadata[note]"),
        ({"metadata": {"k" * 41: "x"}}, "metadata"),
        ({"metadata": {str(number): "x" for number in range(51)}}, "metadata"),
        ({"client_reference_id": "x" * 201}, "client_reference_id"),
        ({"success_url": "localhost:8000/paid"}, "success_url"),
        ({"cancel_url": "javascript:alert(1)"}, "cancel_url"),
        ({"cancel_url": "http://[::1"}, "cancel_url"),
    ],
)
def test_values_beyond_stripes_limits_are_refused(
    client: stripe.StripeClient, changes: dict[str, Any], param: str
) -> None:
    assert refusal(client, access_request() | changes).param == param


def test_an_unknown_customer_or_session_is_missing(client: stripe.StripeClient) -> None:
    error = refusal(client, access_request(customer_id="cus_gone"))
    assert (error.http_status, error.code, error.param) == (400, "resource_missing", "customer")
    with pytest.raises(stripe.InvalidRequestError, match=r"No such checkout\.session: 'cs_test_gone'") as caught:
        client.v1.checkout.sessions.retrieve("cs_test_gone")
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")
