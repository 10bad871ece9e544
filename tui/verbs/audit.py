"""The audit trail on the command line."""

import argparse
import json
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from services.domain.audit import AuditFilter
from services.domain.zone import parse_end, parse_start
from tui.desk import Desk
from tui.verbs.verb import Answer, at, verb


def add_audit_verb(groups: Any) -> None:
    """`paydesk audit`: who changed what."""
    audit = verb(groups, "audit", _audit, "show who changed what, before and after, newest first")
    audit.add_argument("--person", metavar="NAME")
    audit.add_argument("--type", metavar="TYPE", help="like discount_code, prices or balance")
    audit.add_argument("--object", metavar="ID", help="like a code, a version or an account")
    audit.add_argument("--from", dest="start", metavar="TIME", help="like '2026-12-01 09:00', in the business's zone")
    audit.add_argument("--until", metavar="TIME", help="as --from, or a date for the end of that day")
    audit.add_argument("--before", type=int, metavar="ID", help="the id of the last entry of the page before")
    audit.add_argument("--limit", type=int, default=50, metavar="N", help="at most 1000 (default: %(default)s)")


def _audit(desk: Desk, arguments: argparse.Namespace) -> Answer:
    zone = ZoneInfo(desk.runtime.settings.business_zone)
    wanted = AuditFilter(
        actor=arguments.person,
        object_type=arguments.type,
        object_id=arguments.object,
        since=None if arguments.start is None else parse_start(arguments.start, zone, field="from"),
        until=None if arguments.until is None else parse_end(arguments.until, zone, field="until"),
    )
    entries = desk.audit.find(wanted, limit=arguments.limit, before_id=arguments.before)
    rows = [
        (
            str(entry.id),
            at(entry.created_at),
            entry.actor,
            entry.action,
            f"{entry.object_type} {entry.object_id}",
            "; ".join(f"{name} {_shown(before)} → {_shown(after)}" for name, before, after in entry.changes),
            entry.reason,
        )
        for entry in entries
    ]
    return Answer(
        [asdict(entry) for entry in entries], rows, ("ID", "TIME (UTC)", "WHO", "DID", "TO", "BEFORE → AFTER", "WHY")
    )


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
