import json
from typing import Any

import pytest
import requests
import stripe

from services.sandbox import MALFORMED, Fault, Sandbox
from tests.sandbox.scene import access_request

SESSIONS = "/v1/checkout/sessions"


OF_A_PAID_SESSION = {
    "card_brand_with_escapes",
    "card_expires_in_month_13",
    "card_number_in_full",
    "charge_of_another_payment",
    "customer_of_wrong_kind",
    "payment_intent_of_wrong_kind",
    "payment_of_the_other_mode",
    "refunded_as_text",
    "refunded_beyond_the_charge",
}


@pytest.mark.parametrize("name", sorted(MALFORMED.keys() - OF_A_PAID_SESSION - {"without_amount"}))
def test_each_changes_a_new_sessions_answer_and_nothing_else(
    sandbox: Sandbox, client: stripe.StripeClient, name: str
) -> None:
    fault = sandbox.faults.malform(name, path=SESSIONS)
    form = {
        "mode": "payment",
        "success_url": "http://shop.example/",
        "client_reference_id": "order-1",
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": "2999",
        "line_items[0][price_data][product_data][name]": "Access",
    }
    url, headers = (
        sandbox.api_base + SESSIONS,
        {"Authorization": f"Bearer {sandbox.secret_key}", "Idempotency-Key": "k"},
    )
    with requests.Session() as http:
        odd = http.post(url, form, headers=headers, timeout=5)
        true = http.post(url, form, headers=headers, timeout=5)
    assert (odd.status_code, true.status_code, fault.landed) == (200, 200, 1)
    assert odd.content != true.content
    (session,) = client.v1.checkout.sessions.list().data
    assert true.json()["id"] == session.id
    assert [request.executed for request in sandbox.requests] == [True, False, True]


@pytest.mark.parametrize("name", sorted(OF_A_PAID_SESSION | {"amount_as_text"}))
def test_a_paid_session_is_malformed_down_to_its_card_and_within_a_list_too(
    sandbox: Sandbox, client: stripe.StripeClient, name: str
) -> None:
    request: Any = access_request()
    sandbox.pay(client.v1.checkout.sessions.create(request).id)
    expanded: Any = {"expand": ["data.payment_intent.latest_charge", "data.payment_intent.payment_method"]}
    (true,) = client.v1.checkout.sessions.list(expanded).data
    fault = sandbox.faults.malform(name)
    (odd,) = client.v1.checkout.sessions.list(expanded).data
    assert fault.landed == 1
    assert odd.to_dict() != true.to_dict()


def test_an_event_is_malformed_with_what_it_is_about(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    client.v1.payment_intents.create({"amount": 1000, "currency": "usd"})
    fault = sandbox.faults.malform("amount_as_text")
    (event,) = client.v1.events.list().data
    assert event.data.object["amount"] == "1000"
    assert fault.landed == 1


def test_an_answer_without_the_field_passes_and_the_next_is_met(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    fault = sandbox.faults.malform("without_amount")
    customer = client.v1.customers.create({}).id
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.retrieve("pi_gone")
    assert (fault.landed, fault.pending) == (0, True)
    intent = client.v1.payment_intents.create({"amount": 1000, "currency": "usd", "customer": customer})
    assert "amount" not in intent.to_dict()
    assert (fault.landed, fault.pending) == (1, False)


def test_a_script_may_change_an_answer_as_it_likes(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    request: Any = access_request()
    fault = sandbox.faults.mutate(lambda body: body | {"amount_total": 1}, method="GET", path=f"{SESSIONS}/*")
    session_id = client.v1.checkout.sessions.create(request).id
    assert client.v1.checkout.sessions.retrieve(session_id).amount_total == 1
    assert client.v1.checkout.sessions.retrieve(session_id).amount_total == 2999
    assert (fault.kind, fault.landed) == (Fault.MALFORMED, 1)


def test_a_number_that_equals_the_true_one_is_still_another_answer(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    fault = sandbox.faults.malform("amount_as_float")
    with requests.Session() as http:
        client.v1.payment_intents.create({"amount": 1000, "currency": "usd"})
        fault.wait(timeout_seconds=0)
        answer = http.get(f"{sandbox.api_base}/v1/payment_intents", auth=(sandbox.secret_key, ""), timeout=5)
    assert json.loads(answer.content)["data"][0]["amount"] == 1000


def test_there_are_plenty_and_a_wrong_name_is_refused(sandbox: Sandbox) -> None:
    assert len(MALFORMED) >= 40
    with pytest.raises(KeyError):
        sandbox.faults.malform("nearly_right")
