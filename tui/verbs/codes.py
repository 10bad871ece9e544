"""Discount codes on the command line."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from services.domain.discount import CodeStatus, CodeTerms, DiscountCode, canonical_code
from services.domain.discount import Refusal as CodeRefusal
from services.domain.money import parse_cents
from services.domain.quote import PriceCalculation, Step, StepKind
from services.domain.zone import parse_end, parse_start
from services.errors import NotFound
from tui.code_file import CodeBatch, generate_to_file
from tui.desk import Desk
from tui.present import NOTHING, cents, count, signed_cents, status_word
from tui.verbs.verb import REFUSED, Answer, Refusal, at, group, verb

_FLAGS = ("yes", "no")
_PAGE = 1_000


def add_code_verbs(groups: Any) -> None:
    """`paydesk code ...`: discount codes."""
    code = group(groups, "code", "discount codes")
    listing = verb(code, "list", _code_list, "list the codes, newest first")
    listing.add_argument("--status", choices=[status.value for status in CodeStatus])
    search = verb(code, "search", _code_search, "find codes by how they begin, a page at a time")
    search.add_argument("prefix")
    search.add_argument("--status", choices=[status.value for status in CodeStatus])
    search.add_argument("--after", metavar="CODE", help="the last code of the page before")
    search.add_argument("--limit", type=int, default=100, metavar="N", help="at most 1000 (default: %(default)s)")
    add = verb(code, "add", _code_add, "create a code")
    add.add_argument("code")
    _add_terms(add, required=True)
    edit = verb(code, "edit", _code_edit, "change a code's terms; what is not given stays, 'none' takes a term away")
    edit.add_argument("code")
    _add_terms(edit, required=False)
    duplicate = verb(code, "duplicate", _code_duplicate, "create a code with the terms of another")
    duplicate.add_argument("code")
    duplicate.add_argument("new")
    generate = verb(code, "generate", _code_generate, "create many codes that nobody guesses; prints one a line")
    generate.add_argument("count", type=int)
    generate.add_argument("--prefix", default="", metavar="TEXT")
    generate.add_argument("--pattern", default="########", metavar="TEXT", help="# is a drawn character")
    generate.add_argument("--file", type=Path, metavar="FILE", help="write them there too, as CSV; it must not exist")
    _add_terms(generate, required=True)
    for name, active in (("enable", True), ("disable", False)):
        switch = verb(code, name, _code_switch, f"{name} codes, all or none")
        which = switch.add_mutually_exclusive_group(required=True)
        which.add_argument("code", nargs="*", default=[])
        which.add_argument("--prefix", metavar="TEXT", help="every code that begins like that")
        switch.add_argument("--reason", default="", help="why, for the audit trail")
        switch.set_defaults(active=active)
    attempt = verb(code, "try", _code_try, "what a customer pays with a code now")
    attempt.add_argument("code")
    attempt.add_argument("--account", type=int, metavar="ID", help="as the history of this account makes it")
    verb(code, "report", _code_report, "what became of a code's uses, by day").add_argument("code")


def _add_terms(command: argparse.ArgumentParser, *, required: bool) -> None:
    value = command.add_mutually_exclusive_group(required=required)
    value.add_argument("--percent", metavar="PERCENT", help="like 10 or 12.5")
    value.add_argument("--off", metavar="AMOUNT", help="in dollars, like 20.00")
    command.add_argument("--limit", metavar="N", help="the most uses (default: no limit)")
    command.add_argument("--per-account", metavar="N", help="the most uses of one account (default: no limit)")
    command.add_argument("--from", dest="start", metavar="TIME", help="like '2026-12-01 09:00', in the business's zone")
    command.add_argument("--until", metavar="TIME", help="as --from, or a date for the end of that day")
    command.add_argument("--min", metavar="AMOUNT", help="the lowest price that it can be used on")
    command.add_argument("--first-purchase", choices=_FLAGS, help="only for an account's first purchase")
    command.add_argument("--stacks-on-launch", choices=_FLAGS, help="also on the launch price (default: yes)")
    command.add_argument("--note", help="a word to yourselves")


def _terms(desk: Desk, arguments: argparse.Namespace, before: CodeTerms | None) -> CodeTerms:
    """The terms as they were typed, over those from before."""
    zone = ZoneInfo(desk.runtime.settings.business_zone)
    readers: dict[str, Any] = {
        "limit": ("max_uses", lambda text: parse_whole(text, "limit")),
        "per_account": ("per_account_limit", lambda text: parse_whole(text, "per_account")),
        "start": ("starts_at", lambda text: parse_start(text, zone, field="from")),
        "until": ("ends_at", lambda text: parse_end(text, zone, field="until")),
        "min": ("min_amount_cents", lambda text: parse_cents(text, field="min")),
    }
    values: dict[str, Any] = {}
    for name, (term, read) in readers.items():
        text = getattr(arguments, name)
        if text is not None:
            values[term] = None if text == "none" else read(text)
    # two decimals of a percentage are basis points, as two decimals of a dollar are cents
    if arguments.percent is not None:
        values |= {"percent_basis_points": parse_cents(arguments.percent, field="percent"), "amount_off_cents": None}
    if arguments.off is not None:
        values |= {"amount_off_cents": parse_cents(arguments.off, field="off"), "percent_basis_points": None}
    for name, term in (("first_purchase", "first_purchase_only"), ("stacks_on_launch", "stacks_on_launch")):
        if getattr(arguments, name) is not None:
            values[term] = getattr(arguments, name) == "yes"
    if arguments.note is not None:
        values["note"] = arguments.note.strip()
    return CodeTerms(**values) if before is None else replace(before, **values)


def parse_whole(text: str, field: str) -> int:
    """The whole number that `text` names, in ASCII digits. Raises `Refusal` naming the field."""
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise Refusal("A limit is a whole number from 1, or none.", field=field)
    return int(text)


def _code_list(desk: Desk, arguments: argparse.Namespace) -> Answer:
    codes = desk.discounts.list_codes()
    return _codes([code for code in codes if arguments.status in (None, code.status.value)])


def _code_search(desk: Desk, arguments: argparse.Namespace) -> Answer:
    status = None if arguments.status is None else CodeStatus(arguments.status)
    after = None if arguments.after is None else _found(desk, arguments.after)
    return _codes(desk.discounts.search(arguments.prefix, status=status, after=after, limit=arguments.limit))


def _code_add(desk: Desk, arguments: argparse.Namespace) -> Answer:
    terms = _terms(desk, arguments, None)
    return _codes([desk.discounts.create(arguments.code, **asdict(terms))])


def _code_edit(desk: Desk, arguments: argparse.Namespace) -> Answer:
    before = _found(desk, arguments.code).terms
    return _codes([desk.discounts.edit(arguments.code, _terms(desk, arguments, before), expected=before)])


def _code_duplicate(desk: Desk, arguments: argparse.Namespace) -> Answer:
    return _codes([desk.discounts.duplicate(arguments.code, arguments.new)])


def _code_generate(desk: Desk, arguments: argparse.Namespace) -> Answer:
    terms = _terms(desk, arguments, None)
    batch = CodeBatch(arguments.count, arguments.prefix, arguments.pattern)
    if arguments.file is None:
        codes = desk.discounts.generate(batch.count, terms, batch.prefix, batch.pattern)
    else:
        codes = generate_to_file(desk, batch, terms, arguments.file)
    return Answer(codes, [(code,) for code in codes], ("CODE",))


def _code_switch(desk: Desk, arguments: argparse.Namespace) -> Answer:
    if arguments.prefix is None:
        desk.discounts.set_all_active(arguments.code, arguments.active, arguments.reason)
        return _codes([_found(desk, code) for code in arguments.code])
    begin = _beginning_with(desk, arguments.prefix)
    switched = desk.discounts.set_all_active([code.code for code in begin], arguments.active, arguments.reason)
    words = f"{'Enabled' if arguments.active else 'Disabled'} {count(len(switched), 'code')} of {len(begin):,}."
    return replace(_codes(_beginning_with(desk, arguments.prefix)), words=words)


def _beginning_with(desk: Desk, prefix: str) -> list[DiscountCode]:
    """Every code that begins like that. Raises `NotFound` without one, and for a prefix that every code has."""
    codes: list[DiscountCode] = []
    while prefix.strip() and (page := desk.discounts.search(prefix, after=codes[-1] if codes else None, limit=_PAGE)):
        codes += page
    if not codes:
        raise NotFound(f"No code begins with {prefix}." if prefix.strip() else "A prefix is not empty.", field="prefix")
    return codes


def _code_try(desk: Desk, arguments: argparse.Namespace) -> Answer:
    quote = desk.pricing.quote(arguments.code, arguments.account)
    answer = Answer(PriceCalculation.of(quote), [_step(step) for step in quote.steps], ("STEP", "AMOUNT", "WHY"))
    return answer if quote.sentence is None else replace(answer, exit_code=REFUSED, words=quote.sentence)


def _step(step: Step) -> tuple[str, str, str]:
    amount = signed_cents if step.kind is StepKind.DISCOUNT else cents
    return step.kind.value, amount(step.amount_cents), step.reason


def _code_report(desk: Desk, arguments: argparse.Namespace) -> Answer:
    report = desk.code_reports.report(arguments.code)
    totals = report.totals
    sums = (
        f"saved {cents(totals.saved_cents)}",
        f"revenue {cents(totals.revenue_cents)}",
        f"refunded {cents(totals.refunded_cents)}",
        f"last use {at(totals.last_use_at)}",
    )
    days = [(day.day.isoformat(), str(day.held), str(day.redeemed), str(day.released)) for day in report.days]
    all_days = ("all", str(totals.held), str(totals.redeemed), str(totals.released))
    rows = [(*day, "") for day in days] + [(*all_days, ", ".join(sums))]
    data = {
        **asdict(report),
        "code": _plain(report.code),
        "days": [{**asdict(day), "day": day.day.isoformat()} for day in report.days],
    }
    return Answer(data, rows, ("DAY", "HELD", "REDEEMED", "RELEASED", ""))


def _found(desk: Desk, text: str) -> DiscountCode:
    code = desk.discounts.get(text)
    if code is None:
        raise NotFound(CodeRefusal.UNKNOWN.sentence(canonical_code(text)), field="code")
    return code


def _codes(codes: Sequence[DiscountCode]) -> Answer:
    rows = [
        (
            code.code,
            status_word(code.status),
            code.value_text,
            str(code.held),
            str(code.redeemed),
            _limit(code),
            NOTHING if code.per_account_limit is None else str(code.per_account_limit),
            _window(code.starts_at, code.ends_at),
            code.note,
        )
        for code in codes
    ]
    head = ("CODE", "STATUS", "TAKES OFF", "HELD", "REDEEMED", "LIMIT", "EACH", "WINDOW (UTC)", "NOTE")
    return Answer([_plain(code) for code in codes], rows, head)


def _plain(code: DiscountCode) -> dict[str, Any]:
    return {**asdict(code), "status": code.status.value}


def _limit(code: DiscountCode) -> str:
    if code.max_uses is None:
        return NOTHING
    return f"{code.max_uses} ({code.uses_over} over)" if code.uses_over else str(code.max_uses)


def _window(starts_at: datetime | None, ends_at: datetime | None) -> str:
    if starts_at is None and ends_at is None:
        return NOTHING
    return f"{at(starts_at)} to {at(ends_at)}"
