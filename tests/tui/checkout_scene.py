"""What the tests of the checkout screen share: a desk on a sandbox or on a scripted Stripe, and an ear for messages."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

import requests
from textual.message import Message
from textual.pilot import Pilot

from services.accounts import Account, AccountService
from services.balance import BalanceService
from services.clock import Clock, system_clock
from services.database import Database
from services.discounts import DiscountService
from services.domain.checkout import Order, StripeSession
from services.gateways.ports import PaymentGateway
from services.gateways.stripe_gateway import StripeGateway
from services.payments import PaymentService
from services.refunds import RefundService
from services.runtime import Runtime
from services.sandbox import Sandbox
from services.settings import Settings
from tests.fakes import FakeGateway
from tests.tui.desks import StillApp, screen_text, settle, type_text
from tui.app import PaydeskApp
from tui.desk import Desk
from tui.screens.checkout import CheckoutScreen
from tui.screens.checkout_watch import OrderWatch

Heard = TypeVar("Heard", bound=Message)

NEVER = 3600.0
"""Longer than any test: Stripe is asked only when a test says so."""

LINK = "https://checkout.stripe.com/c/pay/cs_test_a1b2c3#fidkdWxOYHwnPyd1blpxYHZxWjA0"


class Ear:
    """Hears every message that arrives anywhere in an app: give it to `run_test(message_hook=...)`."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Callable[[Message], bool], asyncio.Event]] = []

    def __call__(self, message: Message) -> None:
        for wanted, heard in self._waiting:
            if wanted(message):
                heard.set()

    def expect(self, kind: type[Heard], wanted: Callable[[Heard], bool] = lambda _message: True) -> asyncio.Event:
        """An event that is set when such a message arrives from now on."""
        heard = asyncio.Event()
        self._waiting.append((lambda message: isinstance(message, kind) and wanted(message), heard))
        return heard


async def within_reason(heard: asyncio.Event) -> None:
    """Wait for what was expected; an error where it does not come."""
    async with asyncio.timeout(20):
        await heard.wait()


@dataclass
class ScriptedStripe(FakeGateway):
    """A provider in memory whose sessions look the same in each run, and end 23½ hours from the desk's present."""

    clock: Clock = system_clock
    link: str = LINK

    def _new_session(self, request: Mapping[str, Any]) -> StripeSession:
        session = replace(
            super()._new_session(request),
            id=f"cs_test_{len(self.sessions) + 1}",
            url=self.link,
            expires_at=self.clock() + timedelta(hours=23, minutes=30),
        )
        self.created[session.id] = self.now
        return session


@dataclass
class Scene:
    """A desk with two accounts and some codes, and what a test looks at beside the screen."""

    runtime: Runtime
    maria: Account
    li: Account

    @property
    def payments(self) -> PaymentService:
        return PaymentService.over(self.runtime)

    @property
    def balance(self) -> BalanceService:
        return BalanceService.over(self.runtime)

    @property
    def discounts(self) -> DiscountService:
        return DiscountService.over(self.runtime)

    @property
    def refunds(self) -> RefundService:
        return RefundService.over(self.runtime)

    @property
    def orders(self) -> list[Order]:
        return self.payments.list_orders()

    def app(self, *, first_seconds: float = NEVER, reconcile_seconds: float | None = None) -> PaydeskApp:
        """The app, opened on the checkout screen, which asks for quotes at once; by default it compares nothing."""

        class CheckoutDesk(StillApp):
            DEFAULT_MODE = "checkout"
            MODES = PaydeskApp.MODES | {
                "checkout": lambda: CheckoutScreen(typing_seconds=0, first_seconds=first_seconds)
            }

        desk = Desk(lambda: self.runtime)
        return CheckoutDesk(desk, clock=self.runtime.clock, reconcile_seconds=reconcile_seconds)


def set_scene(runtime: Runtime) -> Scene:
    """The accounts and codes."""
    accounts, codes = AccountService.over(runtime), DiscountService.over(runtime)
    maria, li = accounts.create("maria@example.com"), accounts.create("li.wei@example.org")
    codes.create("LAUNCH10", percent_basis_points=1000, max_uses=7)
    codes.create("FREE100", percent_basis_points=10_000)
    codes.create("ALMOST", amount_off_cents=2970)
    return Scene(runtime, maria, li)


def scene_on_sandbox(url: str, clock: Clock, sandbox: Sandbox) -> Scene:
    """A desk whose Stripe is the sandbox on a socket."""
    settings = Settings(_env_file=None, stripe_secret_key=sandbox.secret_key, stripe_api_base=sandbox.api_base)
    gateway = StripeGateway(settings.stripe_secret_key, api_base=sandbox.api_base)
    return set_scene(Runtime(settings, Database(url), gateway, clock, actor="anna"))


def scene_on(url: str, clock: Clock, gateway: PaymentGateway) -> Scene:
    """A desk whose Stripe is scripted."""
    settings = Settings(_env_file=None, stripe_secret_key="sk_test_scripted")
    return set_scene(Runtime(settings, Database(url), gateway, clock, actor="anna"))


def at_the_hosted_page(url: str, card: str = "4242424242424242") -> requests.Response:
    """What the customer does in the browser: fill the page in and press the button."""
    form = {"card": card, "email": "maria@example.com", "outcome": "pay"}
    return requests.post(url, data=form, timeout=5, allow_redirects=False)


async def paid_order(
    scene: Scene, sandbox: Sandbox, account: Account, code: str | None = None, *, card: str = "4242424242424242"
) -> Order:
    """An order for access that its customer paid, so that its card is saved."""
    result = await scene.payments.create_checkout_session(account.id, code)
    assert result.transaction_id is not None
    assert result.order_id is not None
    sandbox.pay(result.transaction_id, card)
    return await scene.payments.refresh_order(result.order_id)


async def fill_initial(pilot: Pilot[None], account: str, code: str = "") -> None:
    """By keys: a new checkout for an account, with a code."""
    await pilot.press("n")
    await type_text(pilot, account)
    await settle(pilot)
    await pilot.press("enter", "enter")
    await type_text(pilot, code)
    await settle(pilot)


async def fill_top_up(pilot: Pilot[None], account: str) -> None:
    """By keys: a new top-up for an account, with the cursor in its amount."""
    await pilot.press("n")
    await type_text(pilot, account)
    await settle(pilot)
    await pilot.press("enter", "right", "enter")
    await settle(pilot)


async def look_away(pilot: Pilot[None]) -> None:
    """End the watch, so that no question to Stripe is under way when the app ends."""
    pilot.app.screen.query_one(OrderWatch).look(False)
    await settle(pilot)


def order_line(app: PaydeskApp, order_id: int) -> str:
    """The line of an order in the list."""
    lines = screen_text(app).splitlines()
    return next(line for line in lines if line.lstrip("│ ").startswith(f"{order_id}  ") and "│" in line)
