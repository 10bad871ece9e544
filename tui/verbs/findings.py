"""Comparing the desk with Stripe on the command line, and deciding about what differs."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from services.domain.finding import Finding
from tui.desk import Desk
from tui.finding_words import ACTION_WORDS, KIND_WORDS, summary_of
from tui.present import NOTHING, cents, count
from tui.verbs.verb import DONE, INTEGRITY, TRY_AGAIN, Answer, at, verb


def add_finding_verbs(checkout: Any) -> None:
    """`paydesk checkout reconcile`, `findings` and `finding`."""
    comparing = "compare the desk with Stripe, settle what is unfinished, list what differs (exit code 4 if anything)"
    verb(checkout, "reconcile", _reconcile, comparing)
    verb(checkout, "findings", _findings, "list what differed between the desk and Stripe and is not resolved")
    finding = verb(checkout, "finding", _finding, "resolve a finding")
    finding.add_argument("finding", type=int, metavar="ID")
    how = finding.add_mutually_exclusive_group(required=True)
    how.add_argument("--act", action="store_true", help="by the one safe action that `findings` names")
    how.add_argument("--note", metavar="TEXT", help="by what you did about it elsewhere, in your words")


def _reconcile(desk: Desk, _: argparse.Namespace) -> Answer:
    result = desk.reconciliation.reconcile(_show_progress if sys.stderr.isatty() else None)
    unanswered = bool(result.unanswered) or result.unread is not None
    return Answer(
        result,
        _rows(result.findings),
        HEAD if result.findings else (),
        INTEGRITY if result.findings else TRY_AGAIN if unanswered else DONE,
        f"{count(result.looked_at, 'order')} looked at; {summary_of(result)}.",
    )


def _show_progress(looked_at: int, expected: int) -> None:
    end = "" if looked_at < expected else "\r\x1b[K"
    sys.stderr.write(f"\r{looked_at} of {count(expected, 'order')}{end}")
    sys.stderr.flush()


def _findings(desk: Desk, _: argparse.Namespace) -> Answer:
    findings = desk.reconciliation.findings()
    return Answer(findings, _rows(findings), HEAD)


def _finding(desk: Desk, arguments: argparse.Namespace) -> Answer:
    if arguments.act:
        resolved = desk.reconciliation.act(arguments.finding)
    else:
        resolved = desk.reconciliation.resolve(arguments.finding, arguments.note)
    row = (str(resolved.id), str(resolved.order_id), resolved.resolved_by or NOTHING, resolved.resolution or NOTHING)
    return Answer(resolved, [row], ("FINDING", "ORDER", "RESOLVED BY", "RESOLUTION"))


HEAD = ("FINDING", "WHAT", "ORDER", "AMOUNT", "SINCE (UTC)", "--ACT DOES", "EXPLANATION")


def _rows(findings: Sequence[Finding]) -> list[tuple[str, ...]]:
    return [
        (
            str(finding.id),
            KIND_WORDS[finding.kind],
            str(finding.order_id),
            NOTHING if finding.amount_cents is None else cents(finding.amount_cents),
            at(finding.found_at),
            NOTHING if finding.kind.action is None else ACTION_WORDS[finding.kind.action],
            finding.explanation,
        )
        for finding in findings
    ]
