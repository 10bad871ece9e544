"""Checks of discount codes: the counters are the uses, within the limit, and each use fits its order."""

import json
from typing import Any

from sqlalchemy.engine import Row

from services.stores.verification.check import Check, last_audit


def _oversold(code: Row[*tuple[Any, ...]]) -> bool:
    """Whether a code has more uses than its limit, and than it had when an edit set the limit below its uses."""
    before = 0 if code.last_edit is None else json.loads(code.last_edit).get("uses", 0)
    return bool(code.found > before)


def _counter(status: str) -> Check:
    """The counter of a code for the uses of one status."""
    return Check(
        f"code_{status}",
        f"The code {{code}} counts {{found}} uses {status}; {{expected}} are.",
        f"""SELECT code, found, expected FROM (
            SELECT c.id, c.code, c.{status} AS found,
                (SELECT count(*) FROM redemptions r WHERE r.code_id = c.id AND r.status = '{status}') AS expected
            FROM discount_codes c
        ) AS counted WHERE found <> expected ORDER BY id""",
    )


CHECKS = (
    _counter("held"),
    _counter("redeemed"),
    Check(
        "code_limit",
        "The code {code} has {found} uses taken; its limit is {expected}.",
        f"""SELECT c.code, c.held + c.redeemed AS found, c.max_uses AS expected, edited.after AS last_edit
        FROM discount_codes c LEFT JOIN {last_audit("edit")} AS edited ON edited.object_id = c.code
        WHERE c.held + c.redeemed > c.max_uses ORDER BY c.id""",
        _oversold,
    ),
    Check(
        "redemption_missing",
        "Order {order_id} was quoted with the code {discount_code}, and no use of it is stored.",
        """SELECT o.account_id, o.id AS order_id, o.discount_code FROM orders o
        WHERE o.discount_code IS NOT NULL AND NOT EXISTS (SELECT 1 FROM redemptions r WHERE r.order_id = o.id)
        ORDER BY o.id""",
    ),
    Check(
        "redemption_status",
        "The code {code} is {found} for order {order_id}, which is {status}; expected is {expected}.",
        """SELECT * FROM (
            SELECT o.account_id, o.id AS order_id, c.code, o.status, r.status AS found,
                CASE o.status WHEN 'paid' THEN 'redeemed' WHEN 'expired' THEN 'released' WHEN 'failed' THEN 'released'
                    ELSE 'held' END AS expected
            FROM redemptions r JOIN orders o ON o.id = r.order_id JOIN discount_codes c ON c.id = r.code_id
        ) AS uses WHERE found <> expected ORDER BY order_id""",
    ),
    Check(
        "redemption_terms",
        "The use for order {order_id} is of the code {found}, {found_cents} off for account {found_account}; "
        "the order has {expected}, {expected_cents} off for account {account_id}.",
        """SELECT o.account_id, o.id AS order_id, c.code AS found, r.discount_cents AS found_cents,
            r.account_id AS found_account, o.discount_code AS expected, o.discount_cents AS expected_cents
        FROM redemptions r JOIN orders o ON o.id = r.order_id JOIN discount_codes c ON c.id = r.code_id
        WHERE o.discount_code IS NULL OR c.code <> o.discount_code OR r.discount_cents <> o.discount_cents
            OR r.account_id <> o.account_id
        ORDER BY o.id""",
    ),
)
"""Every check of discount codes and their uses."""
