"""The calls of the gateway with arguments that fit the scripted answers, and what must come of a bad one."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from services.domain.card import Card
from services.domain.charge import StripeIntent
from services.domain.refund import refund_request
from services.errors import GatewayUnreadable
from services.gateways.stripe_gateway import StripeGateway
from tests.gateways.answers import (
    as_reply,
    intent_request,
    session_request,
    tells_nothing,
)
from tests.gateways.scripted import ScriptedServer

Call = Callable[[StripeGateway], object]
Json = dict[str, Any]

NOW = datetime(2026, 11, 23, 14, 3, 7, tzinfo=UTC)
KEPT = Card("pm_1", "visa", "4242", 11, 2031)
REFUND = refund_request("pi_1", 500, order_id=42, reference="paydesk_refund_1")


def create_session(gateway: StripeGateway) -> object:
    return gateway.create_checkout_session(session_request(), "key")


def retrieve_session(gateway: StripeGateway) -> object:
    return gateway.retrieve_checkout_session("cs_test_1")


def expire_session(gateway: StripeGateway) -> object:
    return gateway.expire_checkout_session("cs_test_1")


def list_sessions(gateway: StripeGateway) -> object:
    return list(gateway.checkout_sessions(NOW, NOW))


def create_intent(gateway: StripeGateway) -> object:
    return gateway.create_payment_intent(intent_request("cus_1", "pm_1"), "key")


def retrieve_intent(gateway: StripeGateway) -> StripeIntent:
    return gateway.retrieve_payment_intent("pi_1")


def list_intents(gateway: StripeGateway) -> object:
    return list(gateway.payment_intents("cus_1", NOW, NOW))


def create_refund(gateway: StripeGateway) -> object:
    return gateway.create_refund(REFUND, "key")


def list_refunds(gateway: StripeGateway) -> object:
    return list(gateway.refunds("pi_1"))


def list_events(gateway: StripeGateway) -> object:
    return list(gateway.events(NOW))


def is_unreadable(gateway: StripeGateway, server: ScriptedServer, call: Call, body: object) -> None:
    server.reply_for = lambda path: as_reply(body)
    with pytest.raises(GatewayUnreadable) as failed:
        call(gateway)
    tells_nothing(failed.value)
