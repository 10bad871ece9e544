"""Many processes take the last uses of a code: it is never sold twice."""

from collections import Counter
from functools import partial

import pytest
import sqlalchemy as sa

from services.accounts import AccountService
from services.database import Database
from services.discounts import DiscountService
from services.models.tables import orders, redemptions
from services.payments import PaymentService
from services.reconciliation import ReconciliationService
from services.runtime import Runtime
from services.sandbox import Sandbox
from tests.crew import race
from tests.races.workers import check_out, check_out_often, create_account, hold_each
from tests.scale import measured, rounds
from tests.stores.drafts import access_draft

PROCESSES = 50
USES = 3
RACERS, ACCOUNTS, TOTAL = 20, 5, 7

CROWD = 20
TRIES = 5
CROWD_USES = 10
ROUNDS = 10

pytestmark = pytest.mark.usefixtures("verified")


def test_the_last_uses_of_a_code_go_to_as_many_orders(
    paying_runtime: Runtime, database: Database, database_url: str, account_id: int, sandbox: Sandbox
) -> None:
    discounts = DiscountService.over(paying_runtime)
    discounts.create("LAST3", percent_basis_points=1000, max_uses=USES)
    stripe = (sandbox.secret_key, sandbox.api_base)

    # Each process has been quoted the price with the code before any of them takes a use.
    checkouts = race(partial(check_out, database_url, stripe, account_id, "LAST3") for _ in range(PROCESSES))
    assert checkouts.most_at_once > USES, "The processes did not ask at the same time."

    sold = [answer for answer in checkouts.answers if answer.success]
    refused = [answer for answer in checkouts.answers if not answer.success]
    assert len(sold) == USES
    assert {(answer.error, answer.order_id) for answer in refused} == {("The code LAST3 has no uses left.", None)}

    code = discounts.get("LAST3")
    assert code is not None
    assert (code.held, code.redeemed, code.uses_left) == (USES, 0, 0)
    with database.read() as connection:
        stored = connection.execute(sa.select(orders.c.id, orders.c.discount_code, orders.c.total_cents)).all()
        holders = connection.execute(sa.select(redemptions.c.order_id)).scalars().all()
    assert sorted(stored) == sorted((answer.order_id, "LAST3", 2699) for answer in sold)
    assert sorted(holders) == sorted(row.id for row in stored)
    assert len([request for request in sandbox.requests if request.method == "POST"]) == USES


def test_a_code_is_never_oversold_and_every_use_comes_back(
    paying_runtime: Runtime, database: Database, database_url: str, account_id: int, sandbox: Sandbox
) -> None:
    discounts, payments = DiscountService.over(paying_runtime), PaymentService.over(paying_runtime)
    discounts.create("TEN", percent_basis_points=1000, max_uses=CROWD_USES)
    stripe = (sandbox.secret_key, sandbox.api_base)
    for turn in range(1, rounds(ROUNDS) + 1):
        checkouts = race(partial(check_out_often, database_url, stripe, account_id, "TEN", TRIES) for _ in range(CROWD))
        assert checkouts.most_at_once > 1, "The processes did not ask at the same time."
        answers = [answer for tries in checkouts.answers for answer in tries]
        assert [answer.success for answer in answers].count(True) == CROWD_USES
        assert {answer.error for answer in answers if not answer.success} == {"The code TEN has no uses left."}
        assert uses(discounts) == (CROWD_USES, 0, 0)
        assert len(sandbox.sessions) == turn * CROWD_USES

        for order in payments.list_orders(CROWD_USES):
            assert order.session_id is not None
            sandbox.expire(order.session_id)
        after = ReconciliationService.over(paying_runtime).reconcile()
        assert (len(after.moved), after.findings, after.unanswered) == (CROWD_USES, (), ())
        assert uses(discounts) == (0, 0, CROWD_USES)
    measured(
        f"{database.label}: {rounds(ROUNDS)} rounds of {CROWD} processes × {TRIES} tries, {CROWD_USES} held in each, "
        f"none after they expired"
    )


def uses(discounts: DiscountService) -> tuple[int, int, int | None]:
    """How often the code is held and redeemed, and how often it can still be used."""
    code = discounts.get("TEN")
    assert code is not None
    return code.held, code.redeemed, code.uses_left


def test_neither_an_account_nor_all_of_them_take_more_than_the_limits(
    runtime: Runtime, database: Database, database_url: str
) -> None:
    accounts = AccountService.over(runtime)
    ids = [accounts.create(f"racer{number}@example.com").id for number in range(RACERS)]
    DiscountService.over(runtime).create("EACH1", percent_basis_points=1000, max_uses=TOTAL, per_account_limit=1)
    # Each process tries for several accounts, and each account is tried for by several processes.
    drafts = [
        [
            access_draft(ids[(racer + step) % RACERS], discount_code="EACH1", discount_cents=300)
            for step in range(ACCOUNTS)
        ]
        for racer in range(RACERS)
    ]

    held = race(partial(hold_each, database_url, tried) for tried in drafts)
    assert held.most_at_once > 1, "The processes did not ask at the same time."

    answers = Counter(answer for lap in held.answers for answer in lap)
    assert answers["taken"] == TOTAL
    assert answers["per_account"] + answers["sold_out"] == RACERS * ACCOUNTS - TOTAL
    with database.read() as connection:
        holders = connection.execute(sa.select(redemptions.c.account_id)).scalars().all()
    assert len(holders) == len(set(holders)) == TOTAL


def test_an_account_takes_one_code_for_a_first_purchase_whichever_it_is(
    runtime: Runtime, account_id: int, database_url: str
) -> None:
    names = ("FIRST1", "FIRST2")
    for name in names:
        DiscountService.over(runtime).create(name, percent_basis_points=1000, first_purchase_only=True)
    drafts = [access_draft(account_id, discount_code=name, discount_cents=300) for name in names]

    held = race(partial(hold_each, database_url, [drafts[number % 2]]) for number in range(8))
    assert held.most_at_once > 1, "The processes did not ask at the same time."

    assert Counter(answer for lap in held.answers for answer in lap) == {"taken": 1, "first_purchase": 7}


def test_one_address_gets_one_account(paying_runtime: Runtime, database_url: str) -> None:
    created = race(partial(create_account, database_url, "ben@example.com") for _ in range(12))
    assert created.most_at_once > 1, "The processes did not ask at the same time."
    account = AccountService.over(paying_runtime).get_by_email("ben@example.com")
    assert account is not None
    assert [answer for answer in created.answers if answer is not None] == [account.id]
