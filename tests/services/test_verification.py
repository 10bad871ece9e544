"""A desk that was worked on adds up; and whatever is changed behind its back is named, by the check that is for it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from services.accounts import AccountService
from services.balance import BalanceService, Posting, TransactionKind
from services.charges import ChargeOutcome, ChargeService
from services.database import Database
from services.discounts import CodeTerms, DiscountService
from services.domain.audit import AuditEntry
from services.domain.checkout import OrderStatus
from services.domain.refund import RefundStatus
from services.domain.verification import Break, Counted
from services.models.tables import metadata, orders, redemptions, refunds
from services.payments import PaymentService
from services.pricing_dynamic import DynamicPricingService
from services.refunds import RefundService
from services.runtime import Runtime
from services.sandbox import Sandbox
from services.seals import SealService
from services.stores.audit import AuditStore
from services.stores.verification import CHECKS, VerificationStore
from services.verification import VerificationService
from tests.clock import ManualClock
from tests.proof import assert_verified

NOW = ManualClock().moment
PAID = {"status": "paid", "settled_at": NOW}
SAVE10 = {"discount_code": "SAVE10", "price_mode": "launch", "price_version": 0, "base_cents": 2999}
OFF5 = {"discount_code": "OFF5", "discount_cents": 500}
TOP_UP = {"purpose": "top_up", "price_version": None, "price_mode": None, "base_cents": 1000, "credit_cents": 1000}
ORDERS: Sequence[dict[str, Any]] = [
    {
        "account_id": 1,
        "discount_code": "SAVE10",
        "discount_cents": 250,
        **PAID,
        "paid_cents": 2249,
        "session_id": "cs_1",
    },
    {"account_id": 1, **TOP_UP, "status": "open", "session_id": "cs_2"},
    {"account_id": 2, **OFF5, "status": "open", "session_id": "cs_3"},
    {"account_id": 2, **SAVE10, "discount_cents": 300, "status": "expired", "session_id": "cs_4"},
    {"account_id": 2, **TOP_UP, **PAID, "paid_cents": 1000, "session_id": "cs_5", "refunded_cents": 400},
    {"account_id": 1, "discount_code": "FREE", "discount_cents": 2499, **PAID, "paid_cents": 0},
]
"""Orders 1 to 6, as they differ from a purchase at the sale price of version 1."""

USES = [(1, 1, 1, "redeemed", 250), (2, 3, 2, "held", 500), (1, 4, 2, "released", 300), (3, 6, 1, "redeemed", 2499)]
"""Code, order, account, status and discount of each use."""

OLD = CodeTerms(
    percent_basis_points=5000,
    per_account_limit=2,
    starts_at=NOW,
    ends_at=NOW + timedelta(microseconds=1),
    min_amount_cents=1,
    first_purchase_only=True,
    stacks_on_launch=False,
    note="spring",
)
OLD_TERMS = (
    '{"amount_off_cents": null, "ends_at": "2026-11-23T14:03:07.000001+00:00", "first_purchase_only": true, '
    '"max_uses": null, "min_amount_cents": 1, "note": "spring", "per_account_limit": 2, '
    '"percent_basis_points": 5000, "stacks_on_launch": false, "starts_at": "2026-11-23T14:03:07+00:00", "uses": 0}'
)

COUNTERS = [
    "UPDATE discount_codes SET redeemed = 1 WHERE id IN (1, 3)",
    "UPDATE discount_codes SET held = 1 WHERE id = 2",
]


def put_orders(connection: sa.Connection) -> None:
    for number, changes in enumerate(ORDERS, start=1):
        row = {
            "purpose": "initial_access",
            "currency": "usd",
            "livemode": False,
            "price_version": 1,
            "price_mode": "sale",
            "base_cents": 2499,
            "discount_cents": 0,
            "reference": f"r{number}",
            "idempotency_key": f"k{number}",
            "request": "{}",
            "promotion_cents": 0,
            "actor": "anna",
            "created_at": NOW,
            **changes,
        }
        total_cents = row["base_cents"] - row["discount_cents"]
        connection.execute(sa.insert(orders).values(total_cents=total_cents, **row))
    for code_id, order_id, account_id, status, discount_cents in USES:
        connection.execute(
            sa.insert(redemptions).values(
                code_id=code_id,
                order_id=order_id,
                account_id=account_id,
                status=status,
                discount_cents=discount_cents,
                created_at=NOW,
            )
        )
    for statement in COUNTERS:
        connection.exec_driver_sql(statement)
    AuditStore().append(connection, AuditEntry(NOW, "anna", "complete_free", "order", "6", None, {"total_cents": 0}))


def put_refunds(connection: sa.Connection) -> None:
    refund = {"order_id": 5, "reason": "", "origin": "desk", "request": "{}", "actor": "anna", "created_at": NOW}
    outcomes: list[dict[str, Any]] = [
        {"amount_cents": 400, "credit_cents": 400, "status": "done", "stripe_refund_id": "re_1", "transaction_id": 6},
        {"amount_cents": 100, "credit_cents": 100, "status": "failed"},
    ]
    for number, outcome in enumerate(outcomes, start=1):
        keys = {"reference": f"r{number}", "idempotency_key": f"k{number}"}
        connection.execute(sa.insert(refunds).values(**refund, **outcome, **keys))
    after = {"refund_id": 1, "refunded_cents": 400}
    AuditStore().append(connection, AuditEntry(NOW, "anna", "refund", "order", "5", {"refunded_cents": 0}, after))


@pytest.fixture
def balance(runtime: Runtime) -> BalanceService:
    return BalanceService.over(runtime)


@pytest.fixture
def desk(runtime: Runtime, balance: BalanceService) -> Runtime:
    """A desk with three accounts, four codes, six orders, six entries and two refunds."""
    accounts, discounts = AccountService.over(runtime), DiscountService.over(runtime)
    for name in ("maria", "ben", "olu"):
        accounts.create(f"{name}@example.com")
    DynamicPricingService.over(runtime).change_prices(mode="sale", reason="weekend")
    discounts.create("SAVE10", percent_basis_points=1000, max_uses=5)
    discounts.create("OFF5", amount_off_cents=500)
    discounts.create("FREE", percent_basis_points=10_000, max_uses=1)
    discounts.create("OLD", percent_basis_points=1)
    discounts.edit("OLD", OLD)
    discounts.set_active("OLD", active=False)
    with runtime.database.write() as connection:
        put_orders(connection)
    purchase, top_up, refund = TransactionKind.PURCHASE, TransactionKind.TOP_UP, TransactionKind.REFUND
    for done in (
        balance.add_credits(1, 2249, "Purchase, order 1", 1, kind=purchase, idempotency_key="order_r1_credit"),
        balance.deduct(1, 500, "SMS"),
        balance.add_credits(1, 300, "goodwill", idempotency_key="k1"),
        balance.reverse(3, "typed twice", idempotency_key="k2"),
        balance.add_credits(2, 1000, "Top-up, order 5", 5, kind=top_up),
    ):
        assert done.success, done.error
    balance.post(Posting(2, -400, refund, "Refund, order 5", "anna", 5, "refund_r1"))
    with runtime.database.write() as connection:
        put_refunds(connection)
    return runtime


@dataclass(frozen=True)
class Tampering:
    """Changes behind the desk's back, the break that they are, and the checks that notice them as well."""

    statements: Sequence[str]
    found: Break
    also: frozenset[str] = field(default_factory=frozenset)


def tampering(statements: str | Sequence[str], code: str, sentence: str, *also: str, **ids: int) -> Tampering:
    listed = (statements,) if isinstance(statements, str) else tuple(statements)
    return Tampering(listed, Break(code, sentence, **ids), frozenset(also))


def entry(
    account_id: int, seq: int, kind: str, amount_cents: int, balance_cents: int, order_id: str, reverses_id: str
) -> list[str]:
    """Entry 7, written without the services, with the balance that goes with it."""
    created_at = "(SELECT max(created_at) FROM audit_log)"
    return [
        "INSERT INTO transactions (id, account_id, seq, kind, amount_cents, balance_after_cents, description, actor, "
        f"created_at, order_id, reverses_id) VALUES (7, {account_id}, {seq}, '{kind}', {amount_cents}, "
        f"{balance_cents}, 'x', 'x', {created_at}, {order_id}, {reverses_id})",
        f"UPDATE balances SET balance_cents = {balance_cents}, last_seq = {seq} WHERE account_id = {account_id}",
    ]


LEDGER = [
    tampering(
        "DELETE FROM balances WHERE account_id = 2",
        "balance_missing",
        "Account 2 has 2 entries and no balance.",
        account_id=2,
        entry_id=5,
    ),
    tampering(
        "INSERT INTO balances (account_id, balance_cents, last_seq) VALUES (3, 700, 1)",
        "balance_without_entries",
        "Account 3 has a balance of $7.00 and no entries.",
        account_id=3,
    ),
    tampering(
        "UPDATE balances SET balance_cents = balance_cents + 1 WHERE account_id = 1",
        "balance_sum",
        "Account 1 has a balance of $17.50; its entries add up to $17.49.",
        account_id=1,
    ),
    tampering(
        "DELETE FROM transactions WHERE id = 4",
        "balance_sum",
        "Account 1 has a balance of $17.49; its entries add up to $20.49.",
        "last_seq",
        account_id=1,
    ),
    tampering(
        "UPDATE balances SET last_seq = 9 WHERE account_id = 2",
        "last_seq",
        "Account 2 counts 9 entries; its newest one is number 2.",
        account_id=2,
    ),
    tampering(
        "UPDATE balances SET last_at = (SELECT max(ends_at) FROM discount_codes) WHERE account_id = 2",
        "last_at",
        "The balance of account 2 and its newest entry, 6, tell different times of that entry.",
        account_id=2,
        order_id=5,
        entry_id=6,
    ),
    tampering(
        ["UPDATE transactions SET seq = 7 WHERE id = 6", "UPDATE balances SET last_seq = 7 WHERE account_id = 2"],
        "seq_gap",
        "Entry 6 of account 2 is number 7; number 2 was to follow.",
        account_id=2,
        order_id=5,
        entry_id=6,
    ),
    tampering(
        "UPDATE transactions SET seq = 2 WHERE id = 5",
        "seq_gap",
        "Entry 5 of account 2 is number 2; number 1 was to follow.",
        account_id=2,
        order_id=5,
        entry_id=5,
    ),
    tampering(
        "UPDATE transactions SET balance_after_cents = 1750 WHERE id = 2",
        "running_balance",
        "Entry 2 leaves account 1 at $17.50; the entry before it and its amount make $17.49.",
        account_id=1,
        entry_id=2,
    ),
    tampering(
        "UPDATE transactions SET amount_cents = -501 WHERE id = 2",
        "running_balance",
        "Entry 2 leaves account 1 at $17.49; the entry before it and its amount make $17.48.",
        "balance_sum",
        account_id=1,
        entry_id=2,
    ),
    tampering(
        "UPDATE transactions SET idempotency_key = 'order_r1_credit' WHERE id = 3",
        "key_twice",
        "Entry 3 has the idempotency key order_r1_credit, which entry 1 has too.",
        account_id=1,
        entry_id=3,
    ),
    tampering(
        "UPDATE transactions SET description = 'salary' WHERE id = 3",
        "request_hash",
        "Entry 3 is not what its idempotency key k1 was used for: its hash does not fit.",
        account_id=1,
        entry_id=3,
    ),
    tampering(
        "UPDATE transactions SET reverses_id = NULL WHERE id = 4",
        "reversal_unlinked",
        "Entry 4 is of kind reversal and reverses nothing; a reversal, and nothing else, names an entry.",
        "request_hash",
        account_id=1,
        entry_id=4,
    ),
    tampering(
        "UPDATE transactions SET reverses_id = 1 WHERE id = 2",
        "reversal_unlinked",
        "Entry 2 is of kind usage and reverses 1; a reversal, and nothing else, names an entry.",
        "reversal_mirror",
        account_id=1,
        entry_id=2,
    ),
    tampering(
        "UPDATE transactions SET reverses_id = 2 WHERE id = 4",
        "reversal_mirror",
        "Entry 4 reverses entry 2 by -$3.00 on account 1; expected is $5.00 on account 1.",
        "request_hash",
        account_id=1,
        entry_id=4,
    ),
    tampering(
        entry(2, 3, "reversal", 500, 1100, "NULL", "2"),
        "reversal_mirror",
        "Entry 7 reverses entry 2 by $5.00 on account 2; expected is $5.00 on account 1.",
        "reversal_audit",
        account_id=2,
        entry_id=7,
    ),
    tampering(
        entry(1, 5, "reversal", -300, 1449, "NULL", "3"),
        "reversal_twice",
        "Entry 7 reverses entry 3, which entry 4 reversed before.",
        "reversal_audit",
        account_id=1,
        entry_id=7,
    ),
    tampering(
        entry(1, 5, "reversal", 300, 2049, "NULL", "4"),
        "reversal_of_reversal",
        "Entry 7 reverses entry 4, which is a reversal itself.",
        "reversal_audit",
        account_id=1,
        entry_id=7,
    ),
]

ORDER = [
    tampering(
        "UPDATE transactions SET kind = 'usage' WHERE id = 5",
        "credit_missing",
        "Order 5 is paid and no entry credits its $10.00.",
        account_id=2,
        order_id=5,
    ),
    tampering(
        entry(2, 3, "top_up", 1000, 1600, "5", "NULL"),
        "credit_twice",
        "Entry 7 credits order 5, which entry 5 credited before.",
        account_id=2,
        order_id=5,
        entry_id=7,
    ),
    tampering(
        entry(1, 5, "top_up", 1000, 2749, "2", "NULL"),
        "credit_not_due",
        "Entry 7 credits $10.00 for order 2, which is open and promises $0.00.",
        account_id=1,
        order_id=2,
        entry_id=7,
    ),
    tampering(
        entry(1, 5, "purchase", 1000, 2749, "6", "NULL"),
        "credit_not_due",
        "Entry 7 credits $10.00 for order 6, which is paid and promises $0.00.",
        account_id=1,
        order_id=6,
        entry_id=7,
    ),
    tampering(
        entry(1, 5, "top_up", 1000, 2749, "99", "NULL"),
        "credit_not_due",
        "Entry 7 credits $10.00 for order 99, which is unknown and promises $0.00.",
        "reference",
        account_id=1,
        order_id=99,
        entry_id=7,
    ),
    tampering(
        "UPDATE orders SET account_id = 2 WHERE id = 1",
        "credit_account",
        "Entry 1 credits order 1 to account 1; the order is account 2's.",
        "redemption_terms",
        account_id=1,
        order_id=1,
        entry_id=1,
    ),
    tampering(
        "UPDATE transactions SET kind = 'purchase' WHERE id = 5",
        "credit_kind",
        "Entry 5 credits order 5 as a purchase; an order for top_up makes a top_up.",
        account_id=2,
        order_id=5,
        entry_id=5,
    ),
    tampering(
        "UPDATE orders SET credit_cents = 2000 WHERE id = 1",
        "credit_amount",
        "Entry 1 credits $22.49 for order 1, which promises $20.00.",
        account_id=1,
        order_id=1,
        entry_id=1,
    ),
    tampering(
        "UPDATE orders SET total_cents = 2200 WHERE id = 3",
        "order_total",
        "Order 3 has a total of $22.00; its base less its discount is $19.99.",
        account_id=2,
        order_id=3,
    ),
    tampering(
        "UPDATE orders SET price_version = 9 WHERE id = 3",
        "order_price_version",
        "Order 3 was quoted at version 9 of the prices, which is not stored.",
        account_id=2,
        order_id=3,
    ),
    tampering(
        [
            "INSERT INTO price_withdrawals SELECT version, actor, reason, created_at FROM price_changes",
            "INSERT INTO audit_log (created_at, actor, action, object_type, object_id, reason) "
            "SELECT created_at, actor, 'withdraw', 'prices', '1', '' FROM price_changes",
        ],
        "order_price_withdrawn",
        "Order 1 was quoted at version 1 of the prices, which was withdrawn before it took effect.",
        account_id=1,
        order_id=1,
    ),
    *(
        tampering(
            f"UPDATE orders SET quote = '{quote}' WHERE id = 3",
            "order_quote",
            "Order 3 starts from $24.99, takes $5.00 off and costs $19.99; the steps of its quote say otherwise.",
            account_id=2,
            order_id=3,
        )
        for quote in (
            "[]",
            "none",
            '[{"kind": "base", "amount_cents": 2499, "reason": ""}, '
            '{"kind": "total", "amount_cents": 1999, "reason": ""}]',
        )
    ),
    tampering(
        "UPDATE orders SET price_mode = 'rrp' WHERE id = 3",
        "order_price_mode",
        "Order 3 was quoted in the mode rrp; version 1 of the prices sets sale.",
        "order_base",
        account_id=2,
        order_id=3,
    ),
    tampering(
        "UPDATE orders SET base_cents = 2599, total_cents = 2099 WHERE id = 3",
        "order_base",
        "Order 3 starts from $25.99; the sale price of version 1 is $24.99.",
        account_id=2,
        order_id=3,
    ),
    tampering(
        "UPDATE orders SET discount_code = 'GONE' WHERE id = 3",
        "order_code",
        "Order 3 was quoted with the code GONE, which is not stored.",
        "redemption_terms",
        account_id=2,
        order_id=3,
    ),
    tampering(
        [
            "UPDATE orders SET discount_cents = 299, total_cents = 2700 WHERE id = 4",
            "UPDATE redemptions SET discount_cents = 299 WHERE order_id = 4",
        ],
        "order_discount",
        "Order 4 takes $2.99 off $29.99; the code SAVE10 takes $3.00.",
        account_id=2,
        order_id=4,
    ),
    tampering(
        [
            "UPDATE orders SET discount_cents = 501, total_cents = 1998 WHERE id = 3",
            "UPDATE redemptions SET discount_cents = 501 WHERE order_id = 3",
        ],
        "order_discount",
        "Order 3 takes $5.01 off $24.99; the code OFF5 takes $5.00.",
        account_id=2,
        order_id=3,
    ),
    tampering(
        "UPDATE orders SET discount_cents = 1, total_cents = 999, credit_cents = 999 WHERE id = 2",
        "order_discount",
        "Order 2 takes $0.01 off $10.00; the code nothing takes $0.00.",
        "top_up_terms",
        account_id=1,
        order_id=2,
    ),
    tampering(
        "UPDATE orders SET credit_cents = 2000 WHERE id = 2",
        "top_up_terms",
        "Order 2 is a top-up that starts from $10.00, costs $10.00 and credits $20.00; these are one amount.",
        account_id=1,
        order_id=2,
    ),
    tampering(
        "UPDATE orders SET promotion_cents = 49 WHERE id = 5",
        "paid_amount",
        "Order 5 was paid $10.00; its total less Stripe's promotion is $9.51.",
        account_id=2,
        order_id=5,
    ),
]

CODES = [
    tampering(
        "UPDATE discount_codes SET held = 0 WHERE id = 2", "code_held", "The code OFF5 counts 0 uses held; 1 are."
    ),
    tampering(
        "UPDATE discount_codes SET redeemed = 2 WHERE id = 1",
        "code_redeemed",
        "The code SAVE10 counts 2 uses redeemed; 1 are.",
    ),
    tampering(
        "UPDATE discount_codes SET held = 5 WHERE id = 1",
        "code_limit",
        "The code SAVE10 has 6 uses taken; its limit is 5.",
        "code_held",
    ),
    tampering(
        "DELETE FROM redemptions WHERE order_id = 4",
        "redemption_missing",
        "Order 4 was quoted with the code SAVE10, and no use of it is stored.",
        account_id=2,
        order_id=4,
    ),
    *(
        tampering(
            ["UPDATE orders SET paid_cents = NULL WHERE id = 3", f"UPDATE orders SET status = '{status}' WHERE id = 3"],
            "redemption_status",
            f"The code OFF5 is held for order 3, which is {status}; expected is released.",
            account_id=2,
            order_id=3,
        )
        for status in (OrderStatus.EXPIRED, OrderStatus.FAILED)
    ),
    tampering(
        "UPDATE orders SET status = 'paid', paid_cents = 1999, credit_cents = 0 WHERE id = 3",
        "redemption_status",
        "The code OFF5 is held for order 3, which is paid; expected is redeemed.",
        account_id=2,
        order_id=3,
    ),
    *(
        tampering(
            f"UPDATE orders SET status = '{status}' WHERE id = 4",
            "redemption_status",
            f"The code SAVE10 is released for order 4, which is {status}; expected is held.",
            account_id=2,
            order_id=4,
        )
        for status in (OrderStatus.CREATED, OrderStatus.OPEN, OrderStatus.NEEDS_REVIEW)
    ),
    tampering(
        "UPDATE redemptions SET discount_cents = 1 WHERE order_id = 3",
        "redemption_terms",
        "The use for order 3 is of the code OFF5, $0.01 off for account 2; "
        "the order has OFF5, $5.00 off for account 2.",
        account_id=2,
        order_id=3,
    ),
]

REFUNDS = [
    tampering(
        "UPDATE orders SET refunded_cents = 300 WHERE id = 5",
        "refunded_sum",
        "Order 5 counts $3.00 refunded; its refunds add up to $4.00.",
        account_id=2,
        order_id=5,
    ),
    tampering(
        ["UPDATE orders SET refunded_cents = 1100 WHERE id = 5", "UPDATE refunds SET amount_cents = 1100 WHERE id = 1"],
        "refunded_too_much",
        "Order 5 has $11.00 refunded; $10.00 were paid.",
        account_id=2,
        order_id=5,
    ),
    tampering(
        "UPDATE refunds SET credit_cents = 1200 WHERE id = 1",
        "refund_credit_sum",
        "The refunds of order 5 take $12.00 of credit back; it credited $10.00.",
        "refund_entry_differs",
        account_id=2,
        order_id=5,
    ),
    tampering(
        "UPDATE refunds SET transaction_id = NULL WHERE id = 1",
        "refund_entry_missing",
        "Refund 1 of order 5 is done and no entry takes its $4.00 of credit back.",
        "refund_entry_alone",
        account_id=2,
        order_id=5,
    ),
    tampering(
        "UPDATE refunds SET credit_cents = 300 WHERE id = 1",
        "refund_entry_differs",
        "Entry 6 of refund 1 is a refund of -$4.00 for order 5 on account 2; "
        "expected is a refund of -$3.00 for order 5 on account 2.",
        account_id=2,
        order_id=5,
        entry_id=6,
    ),
    tampering(
        "UPDATE refunds SET credit_cents = 500, transaction_id = 2 WHERE id = 1",
        "refund_entry_differs",
        "Entry 2 of refund 1 is a usage of -$5.00 for order nothing on account 1; "
        "expected is a refund of -$5.00 for order 5 on account 2.",
        "refund_entry_alone",
        account_id=1,
        order_id=5,
        entry_id=2,
    ),
    tampering(
        "UPDATE refunds SET credit_cents = 400, transaction_id = 6 WHERE id = 2",
        "refund_entry_shared",
        "Entry 6 belongs to refund 2 and to refund 1; each has one of its own.",
        account_id=2,
        order_id=5,
        entry_id=6,
    ),
    tampering(
        "UPDATE transactions SET kind = 'refund' WHERE id = 2",
        "refund_entry_alone",
        "Entry 2 is a refund of -$5.00 to account 1, and no refund that is done made it.",
        account_id=1,
        entry_id=2,
    ),
    tampering(
        ["UPDATE refunds SET status = 'failed' WHERE id = 1", "UPDATE orders SET refunded_cents = 0 WHERE id = 5"],
        "refund_entry_alone",
        "Entry 6 is a refund of -$4.00 to account 2, and no refund that is done made it.",
        account_id=2,
        order_id=5,
        entry_id=6,
    ),
]

AUDIT = [
    tampering(
        "DELETE FROM audit_log WHERE object_type = 'prices'",
        "price_change_audit",
        "No audit row says that version 1 of the prices set "
        '{"launch_cents": 2999, "mode": "sale", "rrp_cents": 4999, "sale_cents": 2499}.',
    ),
    tampering(
        "UPDATE price_changes SET ends_at = (SELECT max(ends_at) FROM discount_codes)",
        "price_change_audit",
        "No audit row says that version 1 of the prices set "
        '{"launch_cents": 2999, "mode": "sale", "rrp_cents": 4999, "sale_cents": 2499}.',
    ),
    tampering(
        "INSERT INTO price_withdrawals SELECT version, actor, reason, created_at FROM price_changes",
        "price_withdrawal_audit",
        "Version 1 of the prices was withdrawn, and no audit row says so.",
        "order_price_withdrawn",
    ),
    tampering(
        "UPDATE price_changes SET rrp_cents = 5999",
        "price_change_audit",
        "No audit row says that version 1 of the prices set "
        '{"launch_cents": 2999, "mode": "sale", "rrp_cents": 5999, "sale_cents": 2499}.',
    ),
    tampering(
        "DELETE FROM audit_log WHERE action = 'create' AND object_id = 'OFF5'",
        "code_audit",
        "The code OFF5 has other terms than its last audit row left, which is nothing.",
    ),
    tampering(
        "UPDATE discount_codes SET max_uses = 50 WHERE id = 1",
        "code_audit",
        "The code SAVE10 has other terms than its last audit row left, which is "
        '{"amount_off_cents": null, "ends_at": null, "first_purchase_only": false, "max_uses": 5, '
        '"min_amount_cents": null, "note": "", "per_account_limit": null, "percent_basis_points": 1000, '
        '"stacks_on_launch": true, "starts_at": null}.',
    ),
    *(
        tampering(
            f"UPDATE discount_codes SET {change} WHERE id = 4",
            "code_audit",
            f"The code OLD has other terms than its last audit row left, which is {OLD_TERMS}.",
        )
        for change in (
            "ends_at = NULL",
            "starts_at = ends_at, ends_at = NULL",
            "stacks_on_launch = NOT stacks_on_launch",
            "note = ''",
            "per_account_limit = 3",
        )
    ),
    tampering(
        "UPDATE discount_codes SET active = NOT active WHERE id = 2",
        "code_switch_audit",
        "The code OFF5 is disabled; its last audit row says enabled.",
    ),
    tampering(
        "UPDATE discount_codes SET active = NOT active WHERE id = 4",
        "code_switch_audit",
        "The code OLD is enabled; its last audit row says disabled.",
    ),
    tampering(
        "DELETE FROM audit_log WHERE action = 'adjust'",
        "adjustment_audit",
        'Entry 3 is an adjustment, and no audit row says adjust of account 1 with {"balance_cents": 2049, "seq": 3}.',
        account_id=1,
        entry_id=3,
    ),
    tampering(
        "DELETE FROM audit_log WHERE action = 'reverse'",
        "reversal_audit",
        'Entry 4 is a reversal, and no audit row says reverse of account 1 with {"balance_cents": 1749, "seq": 4}.',
        account_id=1,
        entry_id=4,
    ),
    tampering(
        "DELETE FROM audit_log WHERE action = 'refund'",
        "refund_audit",
        "Refund 1 of order 5 is done, and no audit row says who made it.",
        account_id=2,
        order_id=5,
        entry_id=6,
    ),
    tampering(
        "DELETE FROM audit_log WHERE action = 'complete_free'",
        "free_order_audit",
        "Order 6 had nothing to pay, and no audit row says who completed it.",
        account_id=1,
        order_id=6,
    ),
]

REFERENCES = [
    tampering(
        "DELETE FROM accounts WHERE id = 2",
        "reference",
        "Row 2 of balances names 2 as its account_id, which is not stored.",
        account_id=2,
    ),
    tampering(
        "DELETE FROM orders WHERE id = 4",
        "reference",
        "Row 3 of redemptions names 4 as its order_id, which is not stored.",
        account_id=2,
        order_id=4,
    ),
    tampering(
        ["UPDATE transactions SET order_id = 98 WHERE id = 2"],
        "reference",
        "Row 2 of transactions names 98 as its order_id, which is not stored.",
        account_id=1,
        order_id=98,
        entry_id=2,
    ),
    tampering(
        "UPDATE orders SET account_id = 9 WHERE id = 2",
        "reference",
        "Row 2 of orders names 9 as its account_id, which is not stored.",
        account_id=9,
        order_id=2,
    ),
    tampering(
        "UPDATE refunds SET transaction_id = 99 WHERE id = 1",
        "reference",
        "Row 1 of refunds names 99 as its transaction_id, which is not stored.",
        "refund_entry_missing",
        "refund_entry_alone",
        order_id=5,
    ),
]

TAMPERINGS = [*LEDGER, *ORDER, *CODES, *REFUNDS, *AUDIT, *REFERENCES]


@contextmanager
def unguarded(database: Database) -> Iterator[sa.Connection]:
    """A connection on which no trigger, CHECK, foreign key or unique index holds; what is done on it is not kept."""
    with database.read() as connection:
        indexes = [index.name for table in metadata.tables.values() for index in table.indexes if index.unique]
        for index in indexes:
            connection.exec_driver_sql(f"DROP INDEX {index}")
        if not database.is_sqlite:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for table in metadata.tables.values():
                for check in table.constraints:
                    if isinstance(check, sa.CheckConstraint):
                        connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {check.name}")
            yield connection
            return
        triggers = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
        for trigger in triggers:
            connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        try:
            yield connection
        finally:
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = OFF")


def test_every_check_is_seen_to_fail() -> None:
    assert {tampered.found.code for tampered in TAMPERINGS} == {check.code for check in CHECKS}
    assert len({check.code for check in CHECKS}) == len(CHECKS)


def test_what_is_changed_behind_the_desks_back_is_named(desk: Runtime) -> None:
    assert_verified(desk)
    for tampered in TAMPERINGS:
        with unguarded(desk.database) as connection:
            for statement in tampered.statements:
                assert connection.exec_driver_sql(statement).rowcount >= 1, statement
            breaks = VerificationStore().verify(connection).breaks
        assert tampered.found in breaks, f"{tampered.statements}: {breaks}"
        assert {found.code for found in breaks} == {tampered.found.code, *tampered.also}, f"{tampered}: {breaks}"
    assert_verified(desk)


async def test_a_desk_that_was_worked_on_adds_up(paying_runtime: Runtime, sandbox: Sandbox, clock: ManualClock) -> None:
    payments, pricing = PaymentService.over(paying_runtime), DynamicPricingService.over(paying_runtime)
    discounts, balance = DiscountService.over(paying_runtime), BalanceService.over(paying_runtime)
    account = AccountService.over(paying_runtime).create("maria@example.com")
    assert_verified(paying_runtime)

    async def checkout(code: str | None = None) -> tuple[int, str]:
        result = await payments.create_checkout_session(account.id, code)
        assert result.success, result.error
        return result.order_id or 0, result.transaction_id or ""

    discounts.create("SAVE10", percent_basis_points=1000, max_uses=10)
    discounts.create("ODD", percent_basis_points=3333)
    discounts.create("FREE", percent_basis_points=10_000)
    for code, next_price_cents in (("SAVE10", 1999), ("ODD", 1998), (None, 1997)):
        order_id, session_id = await checkout(code)
        assert_verified(paying_runtime)
        sandbox.pay(session_id)
        assert (await payments.refresh_order(order_id)).status is OrderStatus.PAID
        assert_verified(paying_runtime)
        pricing.change_prices(mode="sale", sale_cents=next_price_cents)
    promoted, session_id = await checkout("ODD")
    sandbox.pay(session_id, promotion_code="TAKE20")
    assert (await payments.refresh_order(promoted)).promotion_cents > 0
    await checkout("FREE")
    left, _ = await checkout("SAVE10")
    clock.advance(hours=25)
    assert (await payments.refresh_order(left)).status is OrderStatus.EXPIRED
    top_up = await payments.create_topup_checkout(account.id, 2500)
    sandbox.pay(top_up.transaction_id or "")
    await payments.refresh_order(top_up.order_id or 0)
    await checkout("SAVE10")
    discounts.set_active("SAVE10", active=False)
    discounts.set_active("SAVE10", active=True)
    discounts.set_active("ODD", active=False)
    for key in (None, "k1", "k1", "k2"):
        assert balance.add_credits(account.id, 700, "Ünïcode “goodwill” 👩‍👩‍👧", idempotency_key=key).success
    assert balance.deduct(account.id, 70_000, "Roaming").success
    corrected = balance.deduct(account.id, 99, "typed twice", kind=TransactionKind.ADJUSTMENT, idempotency_key="k3")
    assert balance.reverse(corrected.transaction_id or 0, "typed twice").success
    assert_verified(paying_runtime)


async def test_refunds_and_charges_leave_a_desk_that_adds_up(paying_runtime: Runtime, sandbox: Sandbox) -> None:
    payments, refunding = PaymentService.over(paying_runtime), RefundService.over(paying_runtime)
    charges = ChargeService.over(paying_runtime)
    account = AccountService.over(paying_runtime).create("maria@example.com")
    result = await payments.create_checkout_session(account.id)
    sandbox.pay(result.transaction_id or "")
    order = await payments.refresh_order(result.order_id or 0)
    for amount_cents in (1, 333, 1000):
        assert refunding.refund(order.id, amount_cents, "not as described").success
        assert_verified(paying_runtime)
    assert not refunding.refund(order.id, 2999, "too much").success
    at_stripe = sandbox.refund(order.payment_intent_id or "", 500)
    assert refunding.record(order.id, at_stripe).status is RefundStatus.DONE
    assert_verified(paying_runtime)
    sandbox.fail_refund(at_stripe)
    assert refunding.take_back(order.id, at_stripe).status is RefundStatus.FAILED
    assert_verified(paying_runtime)
    assert refunding.refund(order.id, 2999 - 1334, "all the rest").success
    saved = charges.saved_card(account.id)
    assert saved is not None
    method_id = saved.card.payment_method_id
    charged = charges.charge(account.id, 1500, payment_method_id=method_id, idempotency_key="c1")
    assert charged.outcome is ChargeOutcome.CREDITED
    sandbox.decline_card(method_id)
    declined = charges.charge(account.id, 1500, payment_method_id=method_id, idempotency_key="c2")
    assert declined.outcome is ChargeOutcome.DECLINED
    counted = assert_verified(paying_runtime).counted
    assert (counted.orders, counted.refunds, counted.entries) == (3, 5, 8)


def test_what_is_posted_meanwhile_is_not_seen(desk: Runtime, balance: BalanceService) -> None:
    posted = []

    def post(_made: int, _of: int) -> None:
        posted.append(balance.add_credits(1, 100, "meanwhile").success)

    verification = VerificationService.over(desk).verify(post)
    assert verification.holds, verification.breaks
    assert posted == [True] * verification.checks
    assert verification.counted == Counted(
        accounts=3,
        entries=6,
        orders=6,
        refunds=2,
        discount_codes=4,
        redemptions=4,
        price_changes=1,
        audit_rows=11,
    )
    assert VerificationService.over(desk).verify().counted.entries == 6 + len(posted)


def test_the_progress_of_a_verification_is_told(desk: Runtime) -> None:
    told: list[tuple[int, int]] = []
    verification = VerificationService.over(desk).verify(lambda made, of: told.append((made, of)))
    checks = len(CHECKS) + 1  # the last one is of the seals
    assert told == [(made, checks) for made in range(1, checks + 1)]
    assert (verification.checks, verification.sentence) == (
        checks,
        f"Everything adds up. Checks {checks}, breaks 0, accounts 3, entries 6, orders 6, refunds 2, "
        "discount codes 4, redemptions 4, price changes 1, audit rows 11, sealed entries 0.",
    )


def test_a_sealed_entry_that_was_changed_is_named_though_all_sums_are_right(desk: Runtime) -> None:
    assert SealService.over(desk).seal() == 6
    assert assert_verified(desk).counted.sealed_entries == 6
    with desk.database.write() as connection:
        if desk.database.is_sqlite:
            connection.exec_driver_sql("DROP TRIGGER transactions_refuse_update")
        else:
            connection.exec_driver_sql("ALTER TABLE transactions DISABLE TRIGGER USER")
        connection.exec_driver_sql("UPDATE transactions SET description = 'roaming' WHERE id = 2")
    verification = VerificationService.over(desk).verify()
    sentence = "Entry 2 of account 1 is not what was sealed."
    assert verification.breaks == (Break("sealed", sentence, account_id=1),)
    assert (verification.holds, verification.counted.sealed_entries) == (False, 2)


def test_the_first_break_of_each_kind_is_named(desk: Runtime) -> None:
    with desk.database.write() as connection:
        connection.exec_driver_sql("UPDATE balances SET balance_cents = 0, last_seq = 1")
    breaks = VerificationService.over(desk).verify().breaks
    assert [(found.code, found.account_id) for found in breaks] == [("balance_sum", 1), ("last_seq", 1)]
    with pytest.raises(AssertionError, match="balance_sum: Account 1 has a balance of"):
        assert_verified(desk)


def test_a_desk_without_rows_adds_up(database: Database) -> None:
    assert assert_verified(database).counted.entries == 0
