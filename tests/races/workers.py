"""What each racing process does. A function prepares, calls `start`, races, and answers with plain values."""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from services.accounts import AccountService
from services.balance import BalanceResult, BalanceService, PostedRow, Posting, TransactionKind
from services.clock import system_clock
from services.database import Database
from services.domain.checkout import OrderDraft, StripeSession
from services.errors import CodeRefused, Conflict, StalePrice
from services.gateways.ports import PaymentGateway
from services.orders import OrderService
from services.payments import PaymentResult, PaymentService
from services.pricing_dynamic import DynamicPricingService, PriceCalculation
from services.seals import SealService
from tests.crew import Start, desk
from tests.fakes import GatewayOver
from tests.stores.drafts import no_request

TICK_SECONDS = 0.02
POSTINGS_IN_A_ROW = 10


def post_many(url: str, account_id: int, name: str, amounts: list[int], start: Start) -> int:
    """Posts each amount, a credit or a debit; answers with how many were accepted.

    It connects anew every few postings, which gives the others a turn: SQLite lets the fastest go first.
    """
    with desk(url, name) as runtime:
        BalanceService.over(runtime).get_balance(account_id)
    start()
    accepted = 0
    for first in range(0, len(amounts), POSTINGS_IN_A_ROW):
        with desk(url, name) as runtime:
            balance = BalanceService.over(runtime)
            for number, amount in enumerate(amounts[first : first + POSTINGS_IN_A_ROW], first):
                move = balance.add_credits if amount > 0 else balance.deduct
                accepted += move(account_id, abs(amount), f"{name} {number}").success
    return accepted


def post_once(url: str, account_id: int, amount_cents: int, key: str, start: Start) -> BalanceResult:
    """Posts one credit under a key that others use too."""
    with desk(url, "anna") as runtime:
        balance = BalanceService.over(runtime)
        balance.get_balance(account_id)
        start()
        return balance.add_credits(account_id, amount_cents, "goodwill", idempotency_key=key)


def post_in_batches(
    url: str, account_ids: list[int], name: str, batches: list[list[str]], start: Start
) -> dict[str, tuple[int, int]]:
    """Posts batches of one cent under keys that others use too, on the accounts in turn.

    Answers with the account and number that each key stands for.
    """
    with desk(url, name) as runtime:
        BalanceService.over(runtime).get_balance(account_ids[0])
    start()
    entries = {}
    for keys in batches:
        with desk(url, name) as runtime:
            postings = [
                Posting(account_ids[int(key) % len(account_ids)], 1, TransactionKind.TOP_UP, "x", name, None, key)
                for key in keys
            ]
            for key, row in zip(keys, BalanceService.over(runtime).post_many(postings), strict=True):
                assert isinstance(row, PostedRow), row
                entries[key] = (row.account_id, row.seq)
    return entries


def seal_all(url: str, start: Start) -> int:
    """Seals every ledger, as others do too; answers with how many entries it sealed."""
    with desk(url, "anna") as runtime:
        seals = SealService.over(runtime)
        list(seals.heads())
        start()
        return seals.seal()


def reverse_once(url: str, transaction_id: int, name: str, key: str | None, start: Start) -> BalanceResult:
    """Reverses an entry that others reverse too, for a reason of its own unless they share a key."""
    with desk(url, name) as runtime:
        balance = BalanceService.over(runtime)
        balance.entry(transaction_id)
        start()
        return balance.reverse(transaction_id, key or name, idempotency_key=key)


def hold_each(url: str, drafts: list[OrderDraft], start: Start) -> list[str]:
    """Stores each order with a use of its code; answers for each with `taken`, or why the code was refused."""
    with desk(url, "anna") as runtime:
        orders = OrderService.over(runtime)
        orders.unsettled_ids()
        start()
        return [_hold(orders, draft) for draft in drafts]


def _hold(orders: OrderService, draft: OrderDraft) -> str:
    try:
        orders.create(draft, no_request)
    except CodeRefused as refused:
        return refused.reason
    return "taken"


class _QuoteFirst(DynamicPricingService):
    """Prices that wait, once a quote is made, until every racer has one."""

    start: Start

    def get_checkout_price(self, discount_code: str | None = None) -> PriceCalculation:
        price = super().get_checkout_price(discount_code)
        assert price.discount_code_applied == discount_code, price.refusal
        self.start()
        return price


def check_out(url: str, stripe: tuple[str, str], account_id: int, code: str, start: Start) -> PaymentResult:
    """Creates a checkout with a code, and takes the use only when every racer was quoted with it."""
    with desk(url, "anna", stripe) as runtime:
        pricing = _QuoteFirst.over(runtime)
        pricing.start = start
        orders, accounts = OrderService.over(runtime), AccountService.over(runtime)
        payments = PaymentService(pricing, accounts, orders, runtime.gateway, runtime.settings, runtime.clock)
        return asyncio.run(payments.create_checkout_session(account_id, code))


def check_out_often(
    url: str, stripe: tuple[str, str], account_id: int, code: str, tries: int, start: Start
) -> list[PaymentResult]:
    """Tries to create some checkouts with a code, one after the other."""
    with desk(url, "anna", stripe) as runtime:
        payments = PaymentService.over(runtime)
        payments.list_orders(1)
        start()
        return [asyncio.run(payments.create_checkout_session(account_id, code)) for _ in range(tries)]


def edit_prices(url: str, name: str, edits: int, start: Start) -> tuple[list[int], int]:
    """Edits the prices, each time on the version just read; answers with the versions made and the conflicts met.

    Each edit adds one cent to what was read, so a lost edit is a missing cent.
    """
    with desk(url, name) as runtime:
        pricing = DynamicPricingService.over(runtime)
        pricing.current()
        start()
        versions: list[int] = []
        conflicts = 0
        while len(versions) < edits:
            seen = pricing.current()
            try:
                change = pricing.change_prices(
                    launch_cents=seen.prices.launch_cents + 1, reason=name, expected_version=seen.version
                )
                versions.append(change.version)
            except StalePrice:
                conflicts += 1
        return versions, conflicts


def take_over_price(url: str, cents: int, version: int, start: Start) -> int | None:
    """Makes one edit on a version that others edit too; answers with the new version, or None for a conflict."""
    with desk(url, "anna") as runtime:
        pricing = DynamicPricingService.over(runtime)
        pricing.current()
        start()
        try:
            return pricing.change_prices(launch_cents=cents, expected_version=version).version
        except StalePrice:
            return None


class _Meeting(GatewayOver):
    """A gateway whose callers all hold Stripe's answer before any of them goes on."""

    def __init__(self, gateway: PaymentGateway, start: Start) -> None:
        super().__init__(gateway)
        self._start = start

    def retrieve_checkout_session(self, session_id: str) -> StripeSession:
        session = super().retrieve_checkout_session(session_id)
        self._start()
        return session


def poll(url: str, stripe: tuple[str, str], order_id: int, start: Start) -> str:
    """Refreshes an order that others refresh too; answers with its status."""
    with desk(url, "anna", stripe) as runtime:
        assert runtime.gateway is not None
        pricing, orders = DynamicPricingService.over(runtime), OrderService.over(runtime)
        meeting = _Meeting(runtime.gateway, start)
        payments = PaymentService(
            pricing, AccountService.over(runtime), orders, meeting, runtime.settings, runtime.clock
        )
        return asyncio.run(payments.refresh_order(order_id)).status.value


def marked_clock(mark: int, marks: int) -> Callable[[], datetime]:
    """The machine's clock, whose microseconds tell who read it: divided by `marks`, they leave `mark`.

    A second is a whole number of times `marks` microseconds.
    """

    def now() -> datetime:
        moment = system_clock()
        return moment.replace(microsecond=moment.microsecond // marks * marks + mark)

    return now


def poll_all(url: str, stripe: tuple[str, str], order_ids: list[int], mark: int, marks: int, start: Start) -> list[str]:
    """Refreshes orders that others refresh in the same order, by a clock that marks what it settles."""
    with desk(url, "anna", stripe) as runtime:
        payments = PaymentService.over(replace(runtime, clock=marked_clock(mark, marks)))
        payments.get_order(order_ids[0])
        start()
        return [asyncio.run(payments.refresh_order(order_id)).status.value for order_id in order_ids]


def send_again(url: str, stripe: tuple[str, str], order_id: int, start: Start) -> str | None:
    """Refreshes an order whose request was never answered; answers with its session."""
    with desk(url, "anna", stripe) as runtime:
        payments = PaymentService.over(runtime)
        payments.get_order(order_id)
        start()
        return asyncio.run(payments.refresh_order(order_id)).session_id


def open_database(url: str, start: Start) -> str:
    """Opens a database that may not exist yet; answers with what it is."""
    database = Database(url)
    start()
    try:
        database.open()
        return database.version_text()
    finally:
        database.close()


def connect_on_ticks(folder: str, ticks: int, start: Start) -> list[int]:
    """Connects to a new file at each tick of the machine's clock, the same file as the others; answers with the ticks.

    Processes that wait for a moment by looking at the clock go on closer together than any signal would bring them.
    """
    start()
    first = math.ceil(time.monotonic() / TICK_SECONDS) + 1
    for tick in range(first, first + ticks):
        database = Database(f"sqlite:///{folder}/{tick}.db")
        while time.monotonic() < tick * TICK_SECONDS:
            pass
        database.version_text()
        database.close()
    return list(range(first, first + ticks))


def create_account(url: str, email: str, start: Start) -> int | None:
    """Creates an account that others create too; answers with its id, or None where it exists."""
    with desk(url, "anna") as runtime:
        accounts = AccountService.over(runtime)
        accounts.get_by_email(email)
        start()
        try:
            return accounts.create(email).id
        except Conflict:
            return None
