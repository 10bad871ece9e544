"""What the processes do that are killed: they say each step before the next one is taken."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from resource import RUSAGE_SELF, getrusage
from typing import Any, TypeVar

from services.balance import BalanceService
from services.charges import ChargeOutcome, ChargeService
from services.domain.charge import StripeIntent
from services.domain.checkout import StripeSession
from services.domain.refund import StripeRefund
from services.errors import PaydeskError
from services.gateways.ports import PaymentGateway
from services.ledger_import import ImportService
from services.payments import PaymentService
from services.refunds import RefundService
from services.runtime import Runtime
from tests.crew import desk
from tests.fakes import GatewayOver

T = TypeVar("T")

BEGUN = "begun"


class Moment(StrEnum):
    """Where a desk that asks Stripe for something stops by itself."""

    BEFORE_SENDING = "before the request is sent"
    ANSWERED = "after the answer, before it is written"
    WRITTEN = "after the answer is written"
    RETRIEVED = "after retrieving"


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

    def __init__(self, gateway: PaymentGateway, hold_at: Callable[[Moment], None]) -> None:
        super().__init__(gateway)
        self._hold_at = hold_at

    def create_checkout_session(self, request: Mapping[str, Any], idempotency_key: str) -> StripeSession:
        return self._created(partial(super().create_checkout_session, request, idempotency_key))

    def create_payment_intent(self, request: Mapping[str, Any], idempotency_key: str) -> StripeIntent:
        return self._created(partial(super().create_payment_intent, request, idempotency_key))

    def create_refund(self, request: Mapping[str, Any], idempotency_key: str) -> StripeRefund:
        return self._created(partial(super().create_refund, request, idempotency_key))

    def retrieve_checkout_session(self, session_id: str) -> StripeSession:
        session = super().retrieve_checkout_session(session_id)
        self._hold_at(Moment.RETRIEVED)
        return session

    def _created(self, create: Callable[[], T]) -> T:
        self._hold_at(Moment.BEFORE_SENDING)
        made = create()
        self._hold_at(Moment.ANSWERED)
        return made


@contextmanager
def _stopping_desk(mouth: Connection, url: str, stripe: tuple[str, str], moment: Moment | None) -> Iterator[Runtime]:
    """A desk that stops at a moment of what it does; without one it is the sandbox that holds it."""

    def hold_at(reached: Moment) -> None:
        if reached is moment:
            mouth.send(reached)
            threading.Event().wait()

    with desk(url, "anna", stripe) as runtime:
        assert runtime.gateway is not None
        yield replace(runtime, gateway=_Held(runtime.gateway, hold_at))
        hold_at(Moment.WRITTEN)


def check_out_until(
    mouth: Connection, url: str, stripe: tuple[str, str], moment: Moment | None, account_id: int, code: str
) -> None:
    """Creates a checkout with a code."""
    with _stopping_desk(mouth, url, stripe, moment) as runtime:
        asyncio.run(PaymentService.over(runtime).create_checkout_session(account_id, code))


def charge_until(
    mouth: Connection, url: str, stripe: tuple[str, str], moment: Moment | None, account_id: int, card_id: str, key: str
) -> None:
    """Charges a saved card."""
    with _stopping_desk(mouth, url, stripe, moment) as runtime:
        ChargeService.over(runtime).charge(account_id, 500, payment_method_id=card_id, idempotency_key=key)


def refund_until(
    mouth: Connection, url: str, stripe: tuple[str, str], moment: Moment | None, order_id: int, key: str
) -> None:
    """Refunds some cents of an order."""
    with _stopping_desk(mouth, url, stripe, moment) as runtime:
        RefundService.over(runtime).refund(order_id, 10, "too many", idempotency_key=key)


def refresh_until(mouth: Connection, url: str, stripe: tuple[str, str], moment: Moment | None, order_id: int) -> None:
    """Refreshes an order."""
    with _stopping_desk(mouth, url, stripe, moment) as runtime:
        asyncio.run(PaymentService.over(runtime).refresh_order(order_id))


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


Refusal = tuple[bool, str | None]
"""Whether a call succeeded, and the sentence that it answered with."""


def create_checkouts(runtime: Runtime, account_id: int) -> Callable[[int], Refusal]:
    """Creates one top-up checkout per call."""
    payments = PaymentService.over(runtime)

    def call(_number: int) -> Refusal:
        created = asyncio.run(payments.create_topup_checkout(account_id, 1000))
        return created.success, created.error

    return call


def refresh(runtime: Runtime, order_id: int) -> Callable[[int], Refusal]:
    """Asks about one order."""
    payments = PaymentService.over(runtime)

    def call(_number: int) -> Refusal:
        try:
            return True, asyncio.run(payments.refresh_order(order_id)).status.value
        except PaydeskError as error:
            return False, error.sentence

    return call


def charge(runtime: Runtime, account_id: int) -> Callable[[int], Refusal]:
    """Charges the saved card once per call."""
    charges = ChargeService.over(runtime)
    saved = charges.last_card(account_id)
    assert saved is not None

    def call(number: int) -> Refusal:
        key = f"charge-{number}"
        charged = charges.charge(account_id, 500, payment_method_id=saved.card.payment_method_id, idempotency_key=key)
        return charged.outcome is ChargeOutcome.CREDITED, charged.error

    return call


def refund(runtime: Runtime, order_id: int) -> Callable[[int], Refusal]:
    """Refunds some cents of one order per call."""
    refunds = RefundService.over(runtime)

    def call(number: int) -> Refusal:
        refunded = refunds.refund(order_id, 10, "too many", idempotency_key=f"refund-{number}")
        return refunded.success, refunded.error

    return call


def ask_many_times(
    mouth: Connection,
    url: str,
    stripe: tuple[str, str],
    calls: Callable[[Runtime, int], Callable[[int], Refusal]],
    subject: int,
    times: int,
) -> None:
    """Makes one kind of call again and again; says what each came to, and the most memory used so far in kilobytes."""
    with desk(url, "anna", stripe) as runtime:
        call = calls(runtime, subject)
        for number in range(times):
            answer = call(number)
            mouth.send((*answer, getrusage(RUSAGE_SELF).ru_maxrss))
