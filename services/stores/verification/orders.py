"""Checks of orders: the snapshot recomputes, and a paid order is credited once, by what it promised."""

from typing import Any

from sqlalchemy.engine import Row

from services.domain.quote import StepKind, steps_from_json
from services.stores.verification.check import Check

_CREDIT = "kind IN ('purchase', 'top_up') AND order_id IS NOT NULL"
_DUE = "COALESCE(o.credit_cents, o.paid_cents)"
_CREDITED = f"""FROM transactions t JOIN orders o ON o.id = t.order_id
    WHERE t.kind IN ('purchase', 'top_up') AND o.status = 'paid' AND {_DUE} > 0"""
_PRICE = "CASE o.price_mode WHEN 'rrp' THEN p.rrp_cents WHEN 'launch' THEN p.launch_cents ELSE p.sale_cents END"
# Half up to a whole cent, and never more than the base, as `services.domain.discount` computes it.
_DISCOUNT = """CASE WHEN o.discount_code IS NULL THEN 0
    WHEN c.percent_basis_points IS NOT NULL THEN (o.base_cents * c.percent_basis_points + 5000) / 10000
    WHEN c.amount_off_cents < o.base_cents THEN c.amount_off_cents ELSE o.base_cents END"""


def _steps_differ(order: Row[*tuple[Any, ...]]) -> bool:
    """Whether the steps of an order's quote are not its base, its discount and its total."""
    try:
        steps = {step.kind: step.amount_cents for step in steps_from_json(order.quote)}
    except (ValueError, KeyError, TypeError):
        return True
    told = (steps.get(StepKind.BASE), -steps.get(StepKind.DISCOUNT, 0), steps.get(StepKind.TOTAL))
    return told != (order.base_cents, order.discount_cents, order.total_cents)


CHECKS = (
    Check(
        "credit_missing",
        "Order {order_id} is paid and no entry credits its {expected_cents}.",
        f"""SELECT o.account_id, o.id AS order_id, {_DUE} AS expected_cents FROM orders o
        WHERE o.status = 'paid' AND {_DUE} > 0 AND NOT EXISTS (
            SELECT 1 FROM transactions t WHERE t.order_id = o.id AND t.kind IN ('purchase', 'top_up')
        ) ORDER BY o.id""",
    ),
    Check(
        "credit_twice",
        "Entry {entry_id} credits order {order_id}, which entry {first_id} credited before.",
        f"""SELECT account_id, order_id, entry_id, first_id FROM (
            SELECT account_id, order_id, id AS entry_id, LAG(id) OVER (PARTITION BY order_id ORDER BY id) AS first_id
            FROM transactions WHERE {_CREDIT}
        ) AS credits WHERE first_id IS NOT NULL ORDER BY entry_id""",
    ),
    Check(
        "credit_not_due",
        "Entry {entry_id} credits {found_cents} for order {order_id}, which is {status} and promises {expected_cents}.",
        f"""SELECT t.account_id, t.order_id, t.id AS entry_id, t.amount_cents AS found_cents,
            COALESCE(o.status, 'unknown') AS status,
            CASE WHEN o.status = 'paid' THEN {_DUE} ELSE 0 END AS expected_cents
        FROM transactions t LEFT JOIN orders o ON o.id = t.order_id
        WHERE t.kind IN ('purchase', 'top_up') AND t.order_id IS NOT NULL
            AND (o.id IS NULL OR o.status <> 'paid' OR {_DUE} = 0) ORDER BY t.id""",
    ),
    Check(
        "credit_account",
        "Entry {entry_id} credits order {order_id} to account {account_id}; the order is account {expected}'s.",
        f"""SELECT t.account_id, t.order_id, t.id AS entry_id, o.account_id AS expected
        {_CREDITED} AND t.account_id <> o.account_id ORDER BY t.id""",
    ),
    Check(
        "credit_kind",
        "Entry {entry_id} credits order {order_id} as a {found}; an order for {purpose} makes a {expected}.",
        f"""SELECT * FROM (
            SELECT t.account_id, t.order_id, t.id AS entry_id, t.kind AS found, o.purpose,
                CASE o.purpose WHEN 'initial_access' THEN 'purchase' ELSE 'top_up' END AS expected {_CREDITED}
        ) AS credits WHERE found <> expected ORDER BY entry_id""",
    ),
    Check(
        "credit_amount",
        "Entry {entry_id} credits {found_cents} for order {order_id}, which promises {expected_cents}.",
        f"""SELECT t.account_id, t.order_id, t.id AS entry_id, t.amount_cents AS found_cents, {_DUE} AS expected_cents
        {_CREDITED} AND t.amount_cents <> {_DUE} ORDER BY t.id""",
    ),
    Check(
        "order_total",
        "Order {order_id} has a total of {found_cents}; its base less its discount is {expected_cents}.",
        """SELECT account_id, id AS order_id, total_cents AS found_cents, base_cents - discount_cents AS expected_cents
        FROM orders WHERE total_cents <> base_cents - discount_cents ORDER BY id""",
    ),
    Check(
        "order_price_version",
        "Order {order_id} was quoted at version {found} of the prices, which is not stored.",
        """SELECT o.account_id, o.id AS order_id, o.price_version AS found
        FROM orders o LEFT JOIN price_changes p ON p.version = o.price_version
        WHERE o.price_version > 0 AND p.version IS NULL ORDER BY o.id""",
    ),
    Check(
        "order_price_withdrawn",
        "Order {order_id} was quoted at version {found} of the prices, which was withdrawn before it took effect.",
        """SELECT o.account_id, o.id AS order_id, o.price_version AS found
        FROM orders o JOIN price_withdrawals w ON w.version = o.price_version ORDER BY o.id""",
    ),
    Check(
        "order_quote",
        "Order {order_id} starts from {base_cents}, takes {discount_cents} off and costs {total_cents}; the steps of "
        "its quote say otherwise.",
        """SELECT account_id, id AS order_id, base_cents, discount_cents, total_cents, quote
        FROM orders WHERE quote IS NOT NULL ORDER BY id""",
        _steps_differ,
    ),
    Check(
        "order_price_mode",
        "Order {order_id} was quoted in the mode {found}; version {price_version} of the prices sets {expected}.",
        """SELECT o.account_id, o.id AS order_id, o.price_mode AS found, p.mode AS expected, o.price_version
        FROM orders o JOIN price_changes p ON p.version = o.price_version
        WHERE o.price_mode IS NULL OR o.price_mode <> p.mode ORDER BY o.id""",
    ),
    Check(
        "order_base",
        "Order {order_id} starts from {found_cents}; the {price_mode} price of version {price_version} is "
        "{expected_cents}.",
        f"""SELECT * FROM (
            SELECT o.account_id, o.id AS order_id, o.base_cents AS found_cents, o.price_mode, o.price_version,
                {_PRICE} AS expected_cents
            FROM orders o JOIN price_changes p ON p.version = o.price_version WHERE o.price_mode IS NOT NULL
        ) AS quoted WHERE found_cents <> expected_cents ORDER BY order_id""",
    ),
    Check(
        "order_code",
        "Order {order_id} was quoted with the code {found}, which is not stored.",
        """SELECT o.account_id, o.id AS order_id, o.discount_code AS found
        FROM orders o LEFT JOIN discount_codes c ON c.code = o.discount_code
        WHERE o.discount_code IS NOT NULL AND c.id IS NULL ORDER BY o.id""",
    ),
    Check(
        "order_discount",
        "Order {order_id} takes {found_cents} off {base_cents}; the code {discount_code} takes {expected_cents}.",
        f"""SELECT * FROM (
            SELECT o.account_id, o.id AS order_id, o.discount_cents AS found_cents, o.base_cents, o.discount_code,
                {_DISCOUNT} AS expected_cents
            FROM orders o LEFT JOIN discount_codes c ON c.code = o.discount_code
            WHERE o.discount_code IS NULL OR c.id IS NOT NULL
        ) AS quoted WHERE found_cents <> expected_cents ORDER BY order_id""",
    ),
    Check(
        "top_up_terms",
        "Order {order_id} is a top-up that starts from {base_cents}, costs {total_cents} and credits {credit_cents}; "
        "these are one amount.",
        """SELECT account_id, id AS order_id, base_cents, total_cents, credit_cents FROM orders
        WHERE purpose = 'top_up' AND (base_cents <> total_cents OR COALESCE(credit_cents, -1) <> total_cents)
        ORDER BY id""",
    ),
    Check(
        "paid_amount",
        "Order {order_id} was paid {found_cents}; its total less Stripe's promotion is {expected_cents}.",
        """SELECT account_id, id AS order_id, paid_cents AS found_cents,
            total_cents - promotion_cents AS expected_cents
        FROM orders WHERE paid_cents <> total_cents - promotion_cents ORDER BY id""",
    ),
)
"""Every check of orders and their credit."""
