"""Pages, events and saved cards that are not what Stripe promises."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from services.domain.events import EVENT_TYPES, StripeEvent
from services.errors import GatewayUnreadable
from services.gateways.stripe_gateway import StripeGateway
from tests.fakes import VISA
from tests.gateways.answers import (
    as_reply,
    card,
    charge,
    event,
    intent,
    page,
    refund,
    session,
    tells_nothing,
)
from tests.gateways.calls import NOW, Json, is_unreadable, list_events, list_refunds
from tests.gateways.scripted import ScriptedServer


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": "pi_1"},
        {"object": "session"},
        {"created": None},
        {"created": "now"},
        {"livemode": True},
        {"livemode": None},
        {"type": None},
        {"type": "charge.dispute.created"},
        {"data": None},
        {"data": []},
        {"data": {"object": None}},
        {"data": {"object": []}},
        {"data": {"object": {}}},
        {"data": {"object": refund()}},
        {"data": {"object": session(id="pi_1")}},
        {"data": {"object": session(payment_intent=7)}},
        {"data": {"object": session(livemode=True)}},
    ],
    ids=str,
)
def test_an_event_that_is_not_what_stripe_promises_is_unreadable(
    gateway: StripeGateway, server: ScriptedServer, changes: Json
) -> None:
    is_unreadable(gateway, server, list_events, page(event("checkout.session.completed", session(), **changes)))


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_an_event_of_each_kind_says_where_to_look(gateway: StripeGateway, server: ScriptedServer, kind: str) -> None:
    thing: Json = {
        "checkout.session": session(payment_intent="pi_1"),
        "payment_intent": intent(),
        "charge": charge(),
        "refund": refund(),
    }[kind.rpartition(".")[0]]
    server.reply_for = lambda path: as_reply(page(event(kind, thing)))
    session_id = "cs_test_1" if kind.startswith("checkout.session.") else None
    happened = StripeEvent("evt_1", kind, datetime(2026, 11, 23, 14, 3, 7, tzinfo=UTC), session_id, "pi_1")
    assert list_events(gateway) == [happened]


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        refund(),
        {"object": "list"},
        {"object": "list", "data": None, "has_more": False},
        {"object": "list", "data": {}, "has_more": False},
        page(None),
        page(5),
        page([]),
        page({}),
        page(session()),
        page(refund(), has_more=None),
        page(refund(), has_more="false"),
        page(refund(), has_more=1),
        page(has_more=True),
    ],
    ids=str,
)
def test_a_page_that_is_not_what_stripe_promises_is_unreadable(
    gateway: StripeGateway, server: ScriptedServer, body: object
) -> None:
    is_unreadable(gateway, server, list_refunds, body)


def test_a_page_that_leads_to_itself_is_unreadable(gateway: StripeGateway, server: ScriptedServer) -> None:
    is_unreadable(gateway, server, list_refunds, page(refund(), has_more=True))
    assert len(server.requests) == 2


def test_a_live_key_believes_live_replies_alone(server: ScriptedServer) -> None:
    live = StripeGateway(SecretStr("sk_live_secret"), api_base=server.api_base, max_network_retries=0)
    server.reply_for = lambda path: as_reply(session())
    with pytest.raises(GatewayUnreadable, match="another mode"):
        live.retrieve_checkout_session("cs_test_1")
    server.reply_for = lambda path: as_reply(session(livemode=True))
    assert live.retrieve_checkout_session("cs_test_1").livemode


def customer(default: object = None, **changes: Any) -> Json:
    settings = {"default_payment_method": default}
    return {"id": "cus_1", "object": "customer", "livemode": False, "invoice_settings": settings, **changes}


@pytest.mark.parametrize(
    ("who", "cards", "expected"),
    [
        (customer(card(id="pm_default")), [card()], "pm_default"),
        (customer(card(id="pm_default", type="link")), [card()], "pm_1"),
        (customer(), [card()], "pm_1"),
        (customer(), [card(id="card_1")], "card_1"),
        (customer(), [], None),
        ({"id": "cus_1", "object": "customer", "deleted": True}, [card()], None),
    ],
    ids=str,
)
def test_a_saved_card_is_the_default_or_the_newest(
    gateway: StripeGateway, server: ScriptedServer, who: Json, cards: list[Json], expected: str | None
) -> None:
    replies = {"/v1/customers/cus_1": as_reply(who), "/v1/customers/cus_1/payment_methods": as_reply(page(*cards))}
    server.reply_for = replies.__getitem__
    found = gateway.saved_card("cus_1")
    assert (found and found.payment_method_id) == expected
    assert found is None or (found.brand, found.last4) == (VISA.brand, VISA.last4)


@pytest.mark.parametrize(
    ("who", "cards"),
    [
        (None, None),
        ([], None),
        (page(), None),
        (customer(id="cus_2"), page(card())),
        (customer(livemode=True), page(card())),
        (customer(livemode=None), page(card())),
        (customer("pm_1"), page(card())),
        (customer(5), page(card())),
        (customer(card(card=None)), page(card())),
        (customer(invoice_settings=None), page(card())),
        (customer(), None),
        (customer(), {"object": "list"}),
        (customer(), {"object": "list", "data": {}}),
        (customer(), page(None)),
        (customer(), page(card(id="cus_1"))),
        (customer(), page(card(card={}))),
        (customer(), page(card(livemode=True))),
    ],
    ids=str,
)
def test_a_saved_card_that_is_not_what_stripe_promises_is_unreadable(
    gateway: StripeGateway, server: ScriptedServer, who: object, cards: object
) -> None:
    replies = {"/v1/customers/cus_1": as_reply(who), "/v1/customers/cus_1/payment_methods": as_reply(cards)}
    server.reply_for = replies.__getitem__
    with pytest.raises(GatewayUnreadable) as failed:
        gateway.saved_card("cus_1")
    tells_nothing(failed.value)


def test_sessions_of_another_program_that_charge_nothing_are_left_out(
    gateway: StripeGateway, server: ScriptedServer
) -> None:
    setup = session(
        id="cs_test_2", mode="setup", amount_total=None, currency=None, payment_status="no_payment_required"
    )
    server.reply_for = lambda path: as_reply(page(setup, session()))
    assert [found.id for found in gateway.checkout_sessions(NOW, NOW)] == ["cs_test_1"]


def test_the_next_page_begins_after_the_last_object(gateway: StripeGateway, server: ScriptedServer) -> None:
    first = event("checkout.session.completed", session(payment_intent="pi_1"))
    second = event("refund.failed", {"object": "refund", "payment_intent": None}, id="evt_2")
    pages = map(as_reply, [page(first, has_more=True), page(second)])
    server.reply_for = lambda path: next(pages)
    one, two = gateway.events(NOW)
    assert (one.session_id, one.payment_intent_id) == ("cs_test_1", "pi_1")
    assert (two.session_id, two.payment_intent_id) == (None, None)
    assert [request.path for request in server.requests] == ["/v1/events"] * 2
    assert "starting_after" not in server.requests[0].query
    assert "starting_after=evt_1" in server.requests[1].query
    assert "limit=100" in server.requests[0].query
