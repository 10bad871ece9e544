"""Checks of refunds: never more than was paid, and each has taken its credit back once."""

from services.stores.verification.check import Check

_STANDING = """(
    SELECT CAST(COALESCE(sum(r.{0}), 0) AS BIGINT) FROM refunds r WHERE r.order_id = o.id AND r.status <> 'failed'
)"""

CHECKS = (
    Check(
        "refunded_sum",
        "Order {order_id} counts {found_cents} refunded; its refunds add up to {expected_cents}.",
        f"""SELECT * FROM (
            SELECT o.account_id, o.id AS order_id, o.refunded_cents AS found_cents,
                {_STANDING.format("amount_cents")} AS expected_cents
            FROM orders o
        ) AS refunded WHERE found_cents <> expected_cents ORDER BY order_id""",
    ),
    Check(
        "refunded_too_much",
        "Order {order_id} has {found_cents} refunded; {expected_cents} were paid.",
        """SELECT account_id, id AS order_id, refunded_cents AS found_cents,
            COALESCE(paid_cents, 0) AS expected_cents
        FROM orders WHERE refunded_cents > COALESCE(paid_cents, 0) ORDER BY id""",
    ),
    Check(
        "refund_credit_sum",
        "The refunds of order {order_id} take {found_cents} of credit back; it credited {expected_cents}.",
        f"""SELECT * FROM (
            SELECT o.account_id, o.id AS order_id, {_STANDING.format("credit_cents")} AS found_cents,
                COALESCE(o.credit_cents, o.paid_cents, 0) AS expected_cents
            FROM orders o
        ) AS taken WHERE found_cents > expected_cents ORDER BY order_id""",
    ),
    Check(
        "refund_entry_missing",
        "Refund {refund_id} of order {order_id} is done and no entry takes its {expected_cents} of credit back.",
        """SELECT o.account_id, o.id AS order_id, r.id AS refund_id, r.credit_cents AS expected_cents
        FROM refunds r JOIN orders o ON o.id = r.order_id LEFT JOIN transactions t ON t.id = r.transaction_id
        WHERE r.status = 'done' AND r.credit_cents > 0 AND t.id IS NULL ORDER BY r.id""",
    ),
    Check(
        "refund_entry_differs",
        "Entry {entry_id} of refund {refund_id} is a {kind} of {found_cents} for order {found} on account "
        "{account_id}; expected is a refund of {expected_cents} for order {order_id} on account {expected}.",
        """SELECT t.account_id, r.order_id, t.id AS entry_id, r.id AS refund_id, t.kind, t.amount_cents AS found_cents,
            t.order_id AS found, -r.credit_cents AS expected_cents, o.account_id AS expected
        FROM refunds r JOIN orders o ON o.id = r.order_id JOIN transactions t ON t.id = r.transaction_id
        WHERE t.kind <> 'refund' OR t.amount_cents <> -r.credit_cents OR t.order_id IS NULL OR t.order_id <> r.order_id
            OR t.account_id <> o.account_id
        ORDER BY r.id""",
    ),
    Check(
        "refund_entry_shared",
        "Entry {entry_id} belongs to refund {refund_id} and to refund {first_id}; each has one of its own.",
        """SELECT t.account_id, t.order_id, entry_id, refund_id, first_id FROM (
            SELECT id AS refund_id, transaction_id AS entry_id,
                LAG(id) OVER (PARTITION BY transaction_id ORDER BY id) AS first_id
            FROM refunds WHERE transaction_id IS NOT NULL
        ) AS linked JOIN transactions t ON t.id = entry_id WHERE first_id IS NOT NULL ORDER BY refund_id""",
    ),
    # A refund that fails at Stripe after it was done gives its credit back by a reversal of its entry.
    Check(
        "refund_entry_alone",
        "Entry {entry_id} is a refund of {found_cents} to account {account_id}, and no refund that is done made it.",
        """SELECT t.account_id, t.order_id, t.id AS entry_id, t.amount_cents AS found_cents FROM transactions t
        WHERE t.kind = 'refund' AND NOT EXISTS (
            SELECT 1 FROM refunds r LEFT JOIN transactions v ON v.reverses_id = t.id
            WHERE r.transaction_id = t.id AND (r.status = 'done' OR r.status = 'failed' AND v.id IS NOT NULL)
        ) ORDER BY t.id""",
    ),
)
"""Every check of refunds."""
