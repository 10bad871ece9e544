from datetime import timedelta
from typing import Any

import pytest
import stripe

from services.sandbox import Sandbox
from tests.sandbox.scene import MovableClock, access_request


@pytest.fixture
def customer_ids(client: stripe.StripeClient) -> list[str]:
    """Twelve customers, the newest first."""
    return [client.v1.customers.create({}).id for _ in range(12)][::-1]


def test_a_page_has_ten_and_says_that_more_follow(client: stripe.StripeClient, customer_ids: list[str]) -> None:
    page = client.v1.customers.list()
    assert [customer.id for customer in page.data] == customer_ids[:10]
    assert page.has_more is True


def test_pages_follow_each_other_both_ways(client: stripe.StripeClient, customer_ids: list[str]) -> None:
    after = client.v1.customers.list({"limit": 5, "starting_after": customer_ids[6]})
    assert ([customer.id for customer in after.data], after.has_more) == (customer_ids[7:], False)
    before = client.v1.customers.list({"limit": 5, "ending_before": customer_ids[7]})
    assert ([customer.id for customer in before.data], before.has_more) == (customer_ids[2:7], True)
    first = client.v1.customers.list({"limit": 5, "ending_before": customer_ids[2]})
    assert ([customer.id for customer in first.data], first.has_more) == (customer_ids[:2], False)


def test_the_sdk_walks_all_pages(client: stripe.StripeClient, customer_ids: list[str]) -> None:
    page = client.v1.customers.list({"limit": 5})
    assert [customer.id for customer in page.auto_paging_iter()] == customer_ids


@pytest.mark.parametrize(
    ("parameters", "param"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"starting_after": "cus_gone"}, "starting_after"),
        ({"starting_after": "a", "ending_before": "b"}, "starting_after"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_page_that_cannot_be_is_refused(client: stripe.StripeClient, parameters: Any, param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.list(parameters)
    assert caught.value.param == param


def test_sessions_are_listed_by_what_they_are(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    request: Any = access_request()
    opened, paid = (client.v1.checkout.sessions.create(request).id for _ in range(2))
    sandbox.pay(paid)
    sessions = client.v1.checkout.sessions
    customer = sessions.retrieve(paid).customer
    assert isinstance(customer, str)
    assert [session.id for session in sessions.list().data] == [paid, opened]
    assert [session.id for session in sessions.list({"status": "open"}).data] == [opened]
    assert [session.id for session in sessions.list({"customer": customer}).data] == [paid]
    (item,) = sessions.line_items.list(opened).data
    assert (item.description, item.quantity, item.amount_total) == ("Thunderbird Access", 1, 2999)


def test_a_payment_makes_its_events_in_order(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    request: Any = access_request()
    session_id = client.v1.checkout.sessions.create(request).id
    sandbox.pay(session_id)
    events = client.v1.events.list().data
    assert [event.type for event in events] == [
        "checkout.session.completed",
        "payment_intent.succeeded",
        "charge.succeeded",
        "payment_method.attached",
        "customer.created",
        "payment_intent.created",
    ]
    assert events[0].data.object["id"] == session_id
    assert events[0].data.object["payment_status"] == "paid"
    assert client.v1.events.retrieve(events[0].id).type == events[0].type


def test_events_are_chosen_by_type_and_time(client: stripe.StripeClient, clock: MovableClock) -> None:
    first = client.v1.customers.create({})
    clock.move(timedelta(seconds=10))
    second = client.v1.customers.create({})
    client.v1.customers.update(first.id, {"name": "Ada"})

    def types(parameters: Any) -> list[str]:
        return [event.type for event in client.v1.events.list(parameters).data]

    assert types({"types": ["customer.updated", "refund.created"]}) == ["customer.updated"]
    assert types({"type": "customer.*"}) == ["customer.updated", "customer.created", "customer.created"]
    assert types({"created": {"gte": clock.seconds}}) == ["customer.updated", "customer.created"]
    assert types({"created": {"lt": clock.seconds}}) == ["customer.created"]
    assert types({"created": clock.seconds - 10}) == ["customer.created"]
    (event,) = client.v1.events.list({"created": {"gte": clock.seconds}, "type": "customer.created"}).data
    assert event.data.object["id"] == second.id
    with pytest.raises(stripe.InvalidRequestError):
        types({"type": "customer.*", "types": ["customer.created"]})


def test_events_reach_back_thirty_days(client: stripe.StripeClient, clock: MovableClock) -> None:
    client.v1.customers.create({})
    clock.move(timedelta(days=30))
    assert len(client.v1.events.list().data) == 1
    clock.move(timedelta(seconds=1))
    assert client.v1.events.list().data == []


def test_an_event_keeps_its_object_as_it_was(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"name": "Ada"})
    client.v1.customers.update(customer.id, {"name": "Grace"})
    updated, created = client.v1.events.list().data
    assert (created.data.object["name"], updated.data.object["name"]) == ("Ada", "Grace")


def test_expansion_goes_through_lists_and_refuses_what_is_no_id(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    request: Any = access_request()
    sandbox.pay(client.v1.checkout.sessions.create(request).id)
    (session,) = client.v1.checkout.sessions.list({"expand": ["data.payment_intent.payment_method"]}).data
    assert isinstance(session.payment_intent, stripe.PaymentIntent)
    assert isinstance(session.payment_intent.payment_method, stripe.PaymentMethod)
    for path in ("status", "colour"):
        with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
            client.v1.checkout.sessions.retrieve(session.id, {"expand": [path]})
