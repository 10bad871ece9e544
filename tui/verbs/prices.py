"""Prices on the command line."""

import argparse
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from services.domain.money import parse_cents
from services.domain.preview import Preview
from services.domain.pricing import PriceChange
from services.domain.timeline import Period
from services.domain.zone import parse_end, parse_start
from tui.desk import Desk
from tui.present import NOTHING, cents
from tui.verbs.verb import Answer, at, group, verb


def add_price_verbs(groups: Any) -> None:
    """`paydesk price ...`: prices and the mode in force."""
    price = group(groups, "price", "prices and the mode in force")
    verb(price, "show", _price_show, "show the prices in force")
    verb(price, "plan", _price_plan, "show the prices in force and those to come")
    verb(price, "history", _price_history, "show the stored changes, newest first")
    verb(price, "timeline", _price_timeline, "show which price was charged when, and will be")
    change = verb(price, "set", _price_set, "change prices or the mode, at once or at a set time")
    _add_values(change)
    change.add_argument("--reason", default="", help="why, for the history")
    change.add_argument("--expect", type=int, metavar="VERSION", help="refuse where another version is in force then")
    change.add_argument(
        "--confirm", action="append", default=[], metavar="AMOUNT", help="a price that is seldom meant, once more"
    )
    _add_values(verb(price, "preview", _price_preview, "what a change would do, without making it"))
    revert = verb(price, "revert", _price_revert, "put the prices of an earlier version in force again")
    revert.add_argument("--confirm", action="store_true", help="also where a price is seldom meant")
    withdraw = verb(price, "withdraw", _price_withdraw, "take back a change that has yet to take effect")
    for command in (revert, withdraw):
        command.add_argument("version", type=int)
    end = verb(price, "end", _price_end, "end prices before their time, as a sale that ends early")
    for command in (revert, withdraw, end):
        command.add_argument("--reason", default="", help="why, for the history")


def _add_values(command: argparse.ArgumentParser) -> None:
    command.add_argument("--mode", choices=("rrp", "launch", "sale"))
    for name in ("rrp", "launch", "sale"):
        command.add_argument(f"--{name}", metavar="AMOUNT", help="in dollars, like 29.99")
    command.add_argument("--from", dest="start", metavar="TIME", help="like '2026-12-01 09:00', in the business's zone")
    command.add_argument("--until", metavar="TIME", help="as --from, or a date for the end of that day")


def _values(desk: Desk, arguments: argparse.Namespace) -> dict[str, Any]:
    """The values of a change as they were typed: amounts in cents, times in UTC."""
    zone = ZoneInfo(desk.runtime.settings.business_zone)
    given = {f"{name}_cents": getattr(arguments, name) for name in ("rrp", "launch", "sale")}
    values: dict[str, Any] = {name: parse_cents(text, field=name) for name, text in given.items() if text is not None}
    if arguments.start is not None:
        values["effective_at"] = parse_start(arguments.start, zone, field="from")
    if arguments.until is not None:
        values["ends_at"] = parse_end(arguments.until, zone, field="until")
    return {**values, "mode": arguments.mode}


def _price_show(desk: Desk, _: argparse.Namespace) -> Answer:
    return _prices([desk.pricing.current()])


def _price_plan(desk: Desk, _: argparse.Namespace) -> Answer:
    plan = desk.pricing.plan()
    return Answer(plan, _rows([plan.current, *plan.pending]), _HEAD)


def _price_history(desk: Desk, _: argparse.Namespace) -> Answer:
    return _prices(desk.pricing.history())


def _price_timeline(desk: Desk, _: argparse.Namespace) -> Answer:
    periods = desk.pricing.timeline()
    return Answer(periods, [_period(period) for period in periods], ("FROM", "UNTIL", "VERSION", "MODE", "CHARGED"))


def _price_set(desk: Desk, arguments: argparse.Namespace) -> Answer:
    values = _values(desk, arguments)
    typed = {parse_cents(text, field="confirm") for text in arguments.confirm}
    doubtful = {doubt.price_cents for doubt in desk.pricing.preview(**values).doubts}
    change = desk.pricing.change_prices(
        **values,
        reason=arguments.reason,
        expected_version=arguments.expect,
        confirmed=bool(typed) and doubtful <= typed,
    )
    return _prices([change])


def _price_preview(desk: Desk, arguments: argparse.Namespace) -> Answer:
    preview = desk.pricing.preview(**_values(desk, arguments))
    return Answer(preview, _effects(preview), ("MODE", "CODE", "NOW", "NEW", "SAVES", "NOTE"))


def _price_revert(desk: Desk, arguments: argparse.Namespace) -> Answer:
    return _prices([desk.pricing.revert(arguments.version, reason=arguments.reason, confirmed=arguments.confirm)])


def _price_withdraw(desk: Desk, arguments: argparse.Namespace) -> Answer:
    return _prices([desk.pricing.withdraw(arguments.version, arguments.reason)])


def _price_end(desk: Desk, arguments: argparse.Namespace) -> Answer:
    return _prices([desk.pricing.end(reason=arguments.reason)])


def _effects(preview: Preview) -> list[tuple[str, ...]]:
    rows = []
    for effect in preview.effects:
        note = effect.new.sentence or effect.warning or ""
        code = NOTHING if effect.code is None else effect.code.code
        totals = (effect.now.total_cents, effect.new.total_cents, effect.saves_cents)
        rows.append((effect.mode.value, code, *map(cents, totals), note))
    return rows


def _period(period: Period) -> tuple[str, ...]:
    prices = period.change.prices
    version = f"v{period.change.version}"
    return at(period.starts_at), at(period.ends_at), version, prices.mode.value, cents(prices.in_force_cents)


_HEAD = ("VERSION", "SINCE", "UNTIL", "WHO", "MODE", "CHARGED", "RRP", "LAUNCH", "SALE", "WHY")


def _prices(changes: Sequence[PriceChange]) -> Answer:
    return Answer(changes[0] if len(changes) == 1 else changes, _rows(changes), _HEAD)


def _rows(changes: Sequence[PriceChange]) -> list[tuple[str, ...]]:
    return [
        (
            f"v{change.version}",
            at(change.effective_at),
            at(change.ends_at) if change.withdrawn is None else "withdrawn",
            change.actor,
            change.prices.mode,
            cents(change.prices.in_force_cents),
            cents(change.prices.rrp_cents),
            cents(change.prices.launch_cents),
            cents(change.prices.sale_cents),
            change.reason,
        )
        for change in changes
    ]
