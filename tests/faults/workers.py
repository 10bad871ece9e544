"""What the processes do that are killed: they say each step before the next one is taken."""

import asyncio
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

from services.accounts import AccountService
from services.balance import BalanceService
from services.domain.checkout import StripeSession
from services.gateways.ports import PaymentGateway
from services.ledger_import import ImportService
from services.orders import OrderService
from services.payments import PaymentService
from services.pricing_dynamic import DynamicPricingService
from services.runtime import Runtime
from tests.crew import desk
from tests.fakes import GatewayOver

BEGUN = "begun"


def post_forever(mouth: Connection, url: str, account_id: int, name: str, seed: int) -> None:
    """Posts without end, each posting under a key of its own; says each one that was acknowledged."""
    random = Random(seed)  # noqa: S311 - amounts, not secrets
    with desk(url, name) as runtime:
        balance = BalanceService.over(runtime)
        number = 0
        mouth.send(BEGUN)
        while True:
            amount = random.randint(1, 10_000)
            posted = balance.add_credits(account_id, amount, f"credit {number}", idempotency_key=f"{name}-{number}")
            assert posted.success, posted.error
            mouth.send((f"{name}-{number}", amount, posted.transaction_id, posted.balance_cents))
            number += 1


def import_file(mouth: Connection, url: str, file: Path) -> None:
    """Imports a file; says after each batch how many rows are posted."""

    def say(rows: int, of: int) -> None:
        if of:
            mouth.send(rows)

    with desk(url, "anna") as runtime:
        mouth.send(BEGUN)
        ImportService.over(runtime).run(file, say)


class _Held(GatewayOver):
    """A gateway that says when it reached a moment of a call, and never goes on from there."""

    def __init__(self, gateway: PaymentGateway, mouth: Connection, moment: str) -> None:
        super().__init__(gateway)
        self._mouth = mouth
        self._moment = moment

    def _hold_at(self, moment: str) -> None:
        if self._moment == moment:
            self._mouth.send(moment)
            threading.Event().wait()

    def create_checkout_session(self, request: Mapping[str, Any], idempotency_key: str) -> StripeSession:
        self._hold_at("before creating")
        session = super().create_checkout_session(request, idempotency_key)
        self._hold_at("after creating")
        return session

    def retrieve_checkout_session(self, session_id: str) -> StripeSession:
        session = super().retrieve_checkout_session(session_id)
        self._hold_at("after retrieving")
        return session


def _held_payments(runtime: Runtime, mouth: Connection, moment: str) -> PaymentService:
    assert runtime.gateway is not None
    gateway = _Held(runtime.gateway, mouth, moment)
    pricing, accounts = DynamicPricingService.over(runtime), AccountService.over(runtime)
    return PaymentService(pricing, accounts, OrderService.over(runtime), gateway, runtime.settings, runtime.clock)


def check_out_until(mouth: Connection, url: str, stripe: tuple[str, str], account_id: int, moment: str) -> None:
    """Creates a checkout with a code, and stops at a moment of the call to Stripe."""
    with desk(url, "anna", stripe) as runtime:
        payments = _held_payments(runtime, mouth, moment)
        asyncio.run(payments.create_checkout_session(account_id, "ONCE"))


def refresh_until(mouth: Connection, url: str, stripe: tuple[str, str], order_id: int, moment: str) -> None:
    """Refreshes an order, and stops at a moment of the call to Stripe."""
    with desk(url, "anna", stripe) as runtime:
        asyncio.run(_held_payments(runtime, mouth, moment).refresh_order(order_id))


def check_out_forever(mouth: Connection, url: str, stripe: tuple[str, str], account_id: int) -> None:
    """Creates top-up checkouts without end; says each one whose link was handed out."""
    with desk(url, "anna", stripe) as runtime:
        payments = PaymentService.over(runtime)
        mouth.send(BEGUN)
        while True:
            created = asyncio.run(payments.create_topup_checkout(account_id, 1000))
            assert created.success, created.error
            mouth.send((created.order_id, created.transaction_id))


def refresh_forever(mouth: Connection, url: str, stripe: tuple[str, str], order_ids: list[int]) -> None:
    """Refreshes orders round and round; says each one that it saw settled."""
    with desk(url, "anna", stripe) as runtime:
        payments = PaymentService.over(runtime)
        mouth.send(BEGUN)
        while True:
            for order_id in order_ids:
                mouth.send((order_id, asyncio.run(payments.refresh_order(order_id)).status.value))
