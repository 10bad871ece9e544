"""Checks of the audit trail: each change that a person makes has its row, with the values that the change left."""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Row

from services.domain.discount import CodeTerms
from services.models.moments import EPOCH, MICROSECOND
from services.stores.verification.check import Check, last_audit

_PRICE_TERMS = ("mode", "rrp_cents", "launch_cents", "sale_cents", "effective_at", "ends_at")
_TERMS = {term.name: term.default for term in fields(CodeTerms)}


def _terms_differ(code: Row[*tuple[Any, ...]]) -> bool:
    """Whether a code's terms are not what its last audit row left, or had as default before there was such a term."""
    if code.audited is None:
        return True
    audited = {**_TERMS, **json.loads(code.audited)}
    stored: Mapping[str, Any] = code._asdict()
    return any(_plain(name, stored[name]) != _plain(name, audited[name]) for name in _TERMS)


def _prices_differ(change: Row[*tuple[Any, ...]]) -> bool:
    """Whether a change of prices is not what its audit row says; that names a moment only where it is not at once."""
    if change.audited is None:
        return True
    audited = {"effective_at": change.created_at, "ends_at": None, **json.loads(change.audited)}
    stored: Mapping[str, Any] = change._asdict()
    return any(_plain(name, stored[name]) != _plain(name, audited.get(name)) for name in _PRICE_TERMS)


def _plain(name: str, value: Any) -> Any:
    """A term as both sides can be compared by: a moment from ISO 8601 or SQLite's microseconds, a flag from 0 or 1."""
    if value is None or not name.endswith("_at"):
        return value
    if isinstance(value, int):
        return EPOCH + value * MICROSECOND
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def _number(column: str) -> str:
    """A whole number of a row as JSON writes it."""
    return f"COALESCE(CAST({column} AS TEXT), 'null')"


# Audit rows hold JSON with its keys in order, so that what a change left can be compared as text.
_PRICES = f"""'{{"launch_cents": ' || {_number("p.launch_cents")} || ', "mode": "' || p.mode || '", "rrp_cents": '
    || {_number("p.rrp_cents")} || ', "sale_cents": ' || {_number("p.sale_cents")} || '}}'"""
_BALANCE = (
    f"""'{{"balance_cents": ' || {_number("t.balance_after_cents")} || ', "seq": ' || {_number("t.seq")} || '}}'"""
)


def _posting(kind: str, action: str) -> Check:
    """A kind of entry that a person makes, and the action of its audit row."""
    # Materialized, because an account may have a million of them: the index of the log finds only the account.
    return Check(
        f"{kind}_audit",
        f"Entry {{entry_id}} is {'an' if kind[0] in 'aeiou' else 'a'} {kind}, and no audit row "
        f"says {action} of account {{account_id}} with {{expected}}.",
        f"""WITH audited AS MATERIALIZED (
            SELECT object_id, after FROM audit_log WHERE object_type = 'balance' AND action = '{action}'
        )
        SELECT t.account_id, t.order_id, t.id AS entry_id, {_BALANCE} AS expected
        FROM transactions t LEFT JOIN audited a ON a.object_id = CAST(t.account_id AS TEXT) AND a.after = {_BALANCE}
        WHERE t.kind = '{kind}' AND a.object_id IS NULL ORDER BY t.id""",
    )


# How much was refunded by then follows in the row, and only the row knows it.
_REFUND = f"""'{{"refund_id": ' || {_number("r.id")} || ','"""

CHECKS = (
    Check(
        "price_change_audit",
        "No audit row says that version {version} of the prices set {expected}.",
        f"""SELECT p.*, {_PRICES} AS expected, a.after AS audited FROM price_changes p LEFT JOIN audit_log a
            ON a.object_type = 'prices' AND a.object_id = CAST(p.version AS TEXT) AND a.action = 'change'
        ORDER BY p.version""",
        _prices_differ,
    ),
    Check(
        "price_withdrawal_audit",
        "Version {version} of the prices was withdrawn, and no audit row says so.",
        """SELECT w.version FROM price_withdrawals w WHERE NOT EXISTS (
            SELECT 1 FROM audit_log a WHERE a.object_type = 'prices' AND a.object_id = CAST(w.version AS TEXT)
                AND a.action = 'withdraw' AND a.actor = w.actor
        ) ORDER BY w.version""",
    ),
    Check(
        "code_audit",
        "The code {code} has other terms than its last audit row left, which is {audited}.",
        f"""SELECT c.*, a.after AS audited
        FROM discount_codes c LEFT JOIN {last_audit("create", "edit")} AS a ON a.object_id = c.code ORDER BY c.id""",
        _terms_differ,
    ),
    Check(
        "code_switch_audit",
        "The code {code} is {found}; its last audit row says {expected}.",
        f"""SELECT code, found, expected FROM (
            SELECT c.id, c.code, CASE WHEN c.active THEN 'enabled' ELSE 'disabled' END AS found,
                COALESCE(a.action || 'd', 'enabled') AS expected
            FROM discount_codes c LEFT JOIN {last_audit("enable", "disable")} AS a ON a.object_id = c.code
        ) AS switched WHERE found <> expected ORDER BY id""",
    ),
    _posting("adjustment", "adjust"),
    _posting("reversal", "reverse"),
    Check(
        "refund_audit",
        "Refund {refund_id} of order {order_id} is done, and no audit row says who made it.",
        f"""SELECT o.account_id, r.order_id, r.transaction_id AS entry_id, r.id AS refund_id
        FROM refunds r JOIN orders o ON o.id = r.order_id WHERE r.status = 'done' AND NOT EXISTS (
            SELECT 1 FROM audit_log a WHERE a.object_type = 'order' AND a.object_id = CAST(r.order_id AS TEXT)
                AND a.action = 'refund' AND substr(a.after, 1, length({_REFUND})) = {_REFUND}
        ) ORDER BY r.id""",
    ),
    Check(
        "free_order_audit",
        "Order {order_id} had nothing to pay, and no audit row says who completed it.",
        """SELECT o.account_id, o.id AS order_id FROM orders o WHERE o.total_cents = 0 AND NOT EXISTS (
            SELECT 1 FROM audit_log a WHERE a.object_type = 'order' AND a.object_id = CAST(o.id AS TEXT)
                AND a.action = 'complete_free'
        ) ORDER BY o.id""",
    ),
)
"""Every check of the audit trail."""
