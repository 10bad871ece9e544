"""The demo's scene: a throw-away desk with accounts, codes in every status and orders in every state.

Everything but the long ledger is made by the services themselves, against the sandbox, on a clock that starts in the
past: what the demo shows is what the desk does.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from services.accounts import AccountService
from services.balance import BalanceService
from services.clock import system_clock
from services.database import Database
from services.discounts import DiscountService
from services.domain.checkout import StripeSession
from services.errors import GatewayRefused, OutcomeUnknown
from services.gateways.stripe_gateway import StripeGateway
from services.payments import PaymentService
from services.pricing_dynamic import DynamicPricingService
from services.runtime import Runtime
from services.sandbox import Sandbox
from services.settings import Settings
from services.stores.balances import BalanceStore

SPACING = timedelta(seconds=31)

_PEOPLE = (
    "maria@example.com",
    "li.wei@example.org",
    "marcus@example.net",
    "zoe@example.com",
    "olu.adebayo@example.org",
    "noor@example.net",
    "søren@example.com",
    "[/]quit@example.com",
)
_TEXTS = (
    "SMS to +44 7700 900123",
    "短信 +86 138 0013 8000",
    "SMS to +33 6 12 34 56 78 — “déjà vu” 👩‍👩‍👧‍👦",
    "[/] [@click=app.quit]x[/] \x1b[2J",
    "رسالة إلى +971 50 123 4567",
)


class DemoClock:
    """The system's time, minus `back`: the scene is set in the past and then runs on in the present."""

    def __init__(self) -> None:
        self.back = timedelta(0)

    def __call__(self) -> datetime:
        """The scene's present, in UTC."""
        return system_clock() - self.back


class _Scripted(StripeGateway):
    """A gateway on which one thing goes wrong."""

    def __init__(
        self,
        sandbox: Sandbox,
        create_error: Exception | None = None,
        seen: Callable[[StripeSession], StripeSession] = lambda session: session,
    ) -> None:
        super().__init__(SecretStr(sandbox.secret_key), api_base=sandbox.api_base)
        self.create_error = create_error
        self.seen = seen

    def create_checkout_session(self, request: Mapping[str, Any], idempotency_key: str) -> StripeSession:
        """Creates the session, unless the script refuses it; then the script's error, if any, hides it."""
        if isinstance(self.create_error, GatewayRefused):
            raise self.create_error
        session = super().create_checkout_session(request, idempotency_key)
        if self.create_error is not None:
            raise self.create_error
        return session

    def retrieve_checkout_session(self, session_id: str) -> StripeSession:
        """The session as the script shows it."""
        return self.seen(super().retrieve_checkout_session(session_id))


def open_demo(folder: Path, sandbox: Sandbox, clock: DemoClock, *, entries: int) -> Runtime:
    """A runtime on a new database in `folder`, with its scene set and `sandbox` (started, on `clock`) as its Stripe."""
    settings = Settings(
        _env_file=None,
        stripe_secret_key=sandbox.secret_key,
        stripe_api_base=sandbox.api_base,
        base_url=sandbox.api_base,
    )
    database = Database(f"sqlite:///{folder / 'demo.db'}")
    database.open()
    gateway = StripeGateway(settings.stripe_secret_key, api_base=sandbox.api_base)
    runtime = Runtime(settings, database, gateway, clock, actor="anna")
    _set_prices_and_codes(runtime, clock)
    _set_accounts(runtime, clock, entries)
    _set_orders(runtime, sandbox, clock)
    clock.back = timedelta(0)
    return runtime


def _set_prices_and_codes(runtime: Runtime, clock: DemoClock) -> None:
    pricing, discounts = DynamicPricingService.over(runtime), DiscountService.over(runtime)
    clock.back = timedelta(days=20, hours=4)
    pricing.change_prices(mode="sale", reason="weekend sale")
    discounts.create("LAUNCH10", percent_basis_points=1000, max_uses=100)
    discounts.create("VIP20", amount_off_cents=2000)
    clock.back = timedelta(days=18, hours=6)
    pricing.change_prices(mode="launch", reason="sale is over")
    discounts.create("FRIENDS", percent_basis_points=1250, max_uses=1)
    discounts.create("AUTUMN15", percent_basis_points=1500, ends_at=clock() + timedelta(days=7), note="mailing")
    discounts.create("WELCOME", amount_off_cents=500, starts_at=clock() + timedelta(days=40), first_purchase_only=True)
    discounts.create("SUMMER25", percent_basis_points=2500)
    discounts.set_active("SUMMER25", active=False)


def _set_accounts(runtime: Runtime, clock: DemoClock, entries: int) -> None:
    accounts, balance = AccountService.over(runtime), BalanceService.over(runtime)
    clock.back = SPACING * entries + timedelta(days=3)
    maria, *others = (accounts.create(email) for email in _PEOPLE)
    with runtime.database.write() as connection:
        BalanceStore().fill(connection, maria.id, entries, clock(), SPACING)
    clock.back = timedelta(days=2)
    for number, account in enumerate(others):
        balance.add_credits(account.id, 1000 + 250 * number, "Welcome credit")
        for text in _TEXTS:
            balance.deduct(account.id, 7, text)
    balance.deduct(others[1].id, 2500, "Roaming, October")


def _set_orders(runtime: Runtime, sandbox: Sandbox, clock: DemoClock) -> None:
    payments = PaymentService.over(runtime)

    def through(scripted: _Scripted) -> PaymentService:
        return PaymentService.over(replace(runtime, gateway=scripted))

    def checkout(service: PaymentService, account_id: int, code: str | None, paid: bool) -> int:
        result = asyncio.run(service.create_checkout_session(account_id, code))
        if paid and result.transaction_id is not None:
            sandbox.pay(result.transaction_id)
        order_id = result.order_id or 0
        if result.success:
            asyncio.run(service.refresh_order(order_id))
        return order_id

    clock.back = timedelta(hours=30)
    checkout(payments, 2, "FRIENDS", paid=True)
    left = asyncio.run(payments.create_topup_checkout(3))
    clock.back = timedelta(hours=5)
    if left.order_id is not None:
        asyncio.run(payments.refresh_order(left.order_id))
    checkout(payments, 5, "LAUNCH10", paid=True)
    refused = GatewayRefused("Stripe refused: Your account cannot currently make live charges.")
    checkout(through(_Scripted(sandbox, refused)), 4, None, paid=False)
    clock.back = timedelta(hours=2)
    odd = through(_Scripted(sandbox, seen=lambda session: replace(session, amount_total_cents=2499)))
    checkout(odd, 6, None, paid=True)
    clock.back = timedelta(minutes=40)
    checkout(payments, 7, "LAUNCH10", paid=False)
    clock.back = timedelta(minutes=9)
    checkout(through(_Scripted(sandbox, OutcomeUnknown("Stripe did not answer."))), 3, None, paid=False)
