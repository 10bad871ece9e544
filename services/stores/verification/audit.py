"""Checks of the audit trail: each change that a person makes has its row, with the values that the change left."""

from services.stores.verification.check import Check


def _number(column: str) -> str:
    """A whole number of a row as JSON writes it."""
    return f"COALESCE(CAST({column} AS TEXT), 'null')"


# Audit rows hold JSON with its keys in order, so that what a change left can be compared as text.
_CODE = f"""'{{"amount_off_cents": ' || {_number("c.amount_off_cents")} || ', "max_uses": ' || {_number("c.max_uses")}
    || ', "percent_basis_points": ' || {_number("c.percent_basis_points")} || '}}'"""
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
        f"""SELECT p.version, {_PRICES} AS expected FROM price_changes p WHERE NOT EXISTS (
            SELECT 1 FROM audit_log a WHERE a.object_type = 'prices' AND a.object_id = CAST(p.version AS TEXT)
                AND a.action = 'change' AND a.after = {_PRICES}
        ) ORDER BY p.version""",
    ),
    Check(
        "code_audit",
        "No audit row says that the code {code} was created with {expected}.",
        f"""SELECT c.code, {_CODE} AS expected FROM discount_codes c WHERE NOT EXISTS (
            SELECT 1 FROM audit_log a WHERE a.object_type = 'discount_code' AND a.object_id = c.code
                AND a.action = 'create' AND a.after = {_CODE}
        ) ORDER BY c.id""",
    ),
    Check(
        "code_switch_audit",
        "The code {code} is {found}; its last audit row says {expected}.",
        """SELECT code, found, expected FROM (
            SELECT c.id, c.code, CASE WHEN c.active THEN 'enabled' ELSE 'disabled' END AS found,
                COALESCE((
                    SELECT a.action || 'd' FROM audit_log a
                    WHERE a.object_type = 'discount_code' AND a.object_id = c.code AND a.action IN ('enable', 'disable')
                    ORDER BY a.id DESC LIMIT 1
                ), 'enabled') AS expected
            FROM discount_codes c
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
