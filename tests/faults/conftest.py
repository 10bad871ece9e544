"""Faults run on the machine's own clock, which all their processes share; their chance has a seed, which is shown."""

import asyncio
import os
import secrets
import sys
from random import Random

import pytest

from services.accounts import AccountService
from services.charges import ChargeService
from services.clock import Clock, system_clock
from services.domain.checkout import Order, OrderStatus
from services.payments import PaymentService
from services.runtime import Runtime
from services.sandbox import Sandbox


@pytest.fixture
def clock() -> Clock:
    return system_clock


@pytest.fixture
def account_id(runtime: Runtime) -> int:
    return AccountService.over(runtime).create("maria@example.com").id


@pytest.fixture
def random() -> Random:
    """Chance for one test. A failing test shows the seed; `PAYDESK_SEED` repeats it."""
    seed = int(os.environ.get("PAYDESK_SEED") or secrets.randbelow(10**9))
    sys.stdout.write(f"repeat with PAYDESK_SEED={seed}\n")
    return Random(seed)  # noqa: S311 - moments of kills, not secrets


@pytest.fixture
def stripe(sandbox: Sandbox) -> tuple[str, str]:
    """The sandbox's key and address, for a desk in another process."""
    return sandbox.secret_key, sandbox.api_base


@pytest.fixture
def paid_order(paying_runtime: Runtime, account_id: int, sandbox: Sandbox) -> Order:
    """A top-up of $50.00 that was paid at the checkout with a card that is kept."""
    payments = PaymentService.over(paying_runtime)
    created = asyncio.run(payments.create_topup_checkout(account_id, 5000))
    assert created.order_id is not None
    assert created.transaction_id is not None
    sandbox.pay(created.transaction_id)
    paid = asyncio.run(payments.refresh_order(created.order_id))
    assert paid.status is OrderStatus.PAID
    return paid


@pytest.fixture
def card_id(paying_runtime: Runtime, paid_order: Order) -> str:
    """The card that the account keeps, by its id at Stripe."""
    saved = ChargeService.over(paying_runtime).saved_card(paid_order.draft.account_id)
    assert saved is not None
    return saved.card.payment_method_id
