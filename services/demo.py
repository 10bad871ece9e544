"""The demo's scene: a throw-away desk with accounts, codes in every status and orders in every state.

Everything but the long ledger is made by the services themselves, against the sandbox, on a clock that starts in the
past: what the demo shows is what the desk does.
"""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from services.accounts import AccountService
from services.balance import BalanceService
from services.charges import ChargeService
from services.clock import system_clock
from services.database import Database
from services.discounts import DiscountService
from services.gateways.stripe_gateway import StripeGateway
from services.payments import PaymentResult, PaymentService
from services.pricing_dynamic import DynamicPricingService
from services.refunds import RefundService
from services.runtime import Runtime
from services.sandbox import Sandbox
from services.settings import Settings
from services.stores.balances import BalanceStore

_SESSIONS = "/v1/checkout/sessions"
_PAYS, _ASKS_EVERY_TIME = "4242424242424242", "4000002760003184"

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
    midnight = clock().replace(hour=0, minute=0, second=0, microsecond=0)
    ended, begins = midnight + timedelta(days=7), midnight + timedelta(days=40)
    discounts.create("AUTUMN15", percent_basis_points=1500, ends_at=ended, note="mailing")
    discounts.create("WELCOME", amount_off_cents=500, starts_at=begins, first_purchase_only=True)
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


class _Customers:
    """Buys at the demo's desk, and pays at the sandbox."""

    def __init__(self, runtime: Runtime, sandbox: Sandbox) -> None:
        self._payments = PaymentService.over(runtime)
        self._sandbox = sandbox

    def buy(self, account_id: int, code: str | None = None, *, card: str | None = None) -> PaymentResult:
        """A checkout for access, paid with a card where one is given."""
        return self._pay(asyncio.run(self._payments.create_checkout_session(account_id, code)), card)

    def top_up(self, account_id: int, amount_cents: int, *, card: str | None = None) -> PaymentResult:
        """A checkout for credit, paid with a card where one is given."""
        return self._pay(asyncio.run(self._payments.create_topup_checkout(account_id, amount_cents)), card)

    def be_refused(self, account_id: int) -> None:
        """A checkout with a return address that Stripe refuses."""
        asyncio.run(self._payments.create_checkout_session(account_id, success_url="https://"))

    def look(self, result: PaymentResult) -> None:
        """Have the desk ask Stripe what became of a checkout."""
        asyncio.run(self._payments.refresh_order(result.order_id or 0))

    def _pay(self, result: PaymentResult, card: str | None) -> PaymentResult:
        if card is not None and result.transaction_id is not None:
            self._sandbox.pay(result.transaction_id, card)
            self.look(result)
        return result


def _set_orders(runtime: Runtime, sandbox: Sandbox, clock: DemoClock) -> None:
    customers = _Customers(runtime, sandbox)
    clock.back = timedelta(hours=30)
    customers.buy(2, "FRIENDS", card=_PAYS)
    left = customers.top_up(3, 1000)
    clock.back = timedelta(hours=5)
    customers.look(left)
    partly = customers.buy(5, "LAUNCH10", card=_PAYS)
    customers.be_refused(4)
    _set_cards(runtime, sandbox, clock, customers)
    clock.back = timedelta(hours=3)
    RefundService.over(runtime).refund(partly.order_id or 0, 500, "Could not use it for a week")
    clock.back = timedelta(hours=2)
    odd = customers.buy(6)
    if odd.transaction_id is not None:
        # Until the sandbox's faults are cleared, it reports another amount than was asked for.
        path = f"{_SESSIONS}/{odd.transaction_id}"
        sandbox.faults.mutate(lambda session: session | {"amount_total": 2499}, times=None, method="GET", path=path)
        sandbox.pay(odd.transaction_id, _PAYS)
        customers.look(odd)
    clock.back = timedelta(minutes=40)
    customers.buy(7, "LAUNCH10")
    clock.back = timedelta(minutes=9)
    sandbox.faults.malform("half_json", method="POST", path=_SESSIONS)
    customers.buy(3)


def _set_cards(runtime: Runtime, sandbox: Sandbox, clock: DemoClock, customers: _Customers) -> None:
    """Saved cards that pay, that their bank declines, and whose bank wants the customer; a refund from elsewhere."""
    clock.back = timedelta(hours=4)
    customers.top_up(2, 2000, card=_PAYS)
    customers.top_up(8, 1000, card=_ASKS_EVERY_TIME)
    customers.top_up(4, 1000, card=_PAYS)
    declining = ChargeService.over(runtime).last_card(4)
    if declining is not None:
        sandbox.decline_card(declining.card.payment_method_id, "insufficient_funds")
    clock.back = timedelta(hours=3, minutes=30)
    elsewhere = customers.top_up(7, 3000, card=_PAYS)
    if elsewhere.transaction_id is not None:
        sandbox.refund(elsewhere.transaction_id, 1000)
