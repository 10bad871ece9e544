"""Carrying prices and codes from one desk to another on the command line."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.domain.exchange import CodeOffer, Comparison, Difference
from services.domain.pricing import Prices
from tui.desk import Desk
from tui.present import NOTHING, cents
from tui.verbs.verb import Answer, Refusal, group, verb

if TYPE_CHECKING:
    from services.exchange import ExchangeService


def add_exchange_verbs(groups: Any) -> None:
    """`paydesk exchange ...`: prices and codes from one desk to another."""
    exchange = group(groups, "exchange", "prices and codes from one desk to another")
    verb(exchange, "export", _export, "print the prices in force and all codes as JSON")
    verb(exchange, "compare", _compare, "show what taking over a file would change").add_argument("file", type=Path)
    take_over = verb(exchange, "import", _import, "take over a file: all of it or nothing")
    take_over.add_argument("file", type=Path)
    take_over.add_argument("--approve", required=True, metavar="MARK", help="the mark of what compare showed")
    take_over.add_argument("--reason", default="import", help="why, for the audit trail")


def _export(desk: Desk, _: argparse.Namespace) -> Answer:
    document = desk.exchange.export()
    return Answer(json.loads(document), [(line,) for line in document.splitlines()])


def _compare(desk: Desk, arguments: argparse.Namespace) -> Answer:
    return _differences(desk.exchange.compare(_document(arguments.file)))


def _import(desk: Desk, arguments: argparse.Namespace) -> Answer:
    document = _document(arguments.file)
    exchange: ExchangeService = desk.exchange
    found = exchange.compare(document)
    if found.mark != arguments.approve:
        raise Refusal(
            "The difference is not the one of this mark: see paydesk exchange compare. Nothing was changed.",
            field="approve",
        )
    return _differences(exchange.take_over(document, found, arguments.reason))


def _document(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise Refusal(f"The file cannot be read: {error.strerror}.", field="file") from None
    except UnicodeDecodeError:
        raise Refusal("The file is not text in UTF-8.", field="file") from None


def _differences(comparison: Comparison) -> Answer:
    rows = [(one.name, _shown(one.here, one), _shown(one.there, one)) for one in comparison.differences]
    rows += [(code, "only here", "stays") for code in comparison.only_here]
    rows.append(("mark", comparison.mark, ""))
    return Answer({"mark": comparison.mark, **asdict(comparison)}, rows, ("WHAT", "HERE", "IN THE FILE"))


def _shown(side: Prices | CodeOffer | None, difference: Difference) -> str:
    """What one side has, as far as the other one has it otherwise."""
    if side is None:
        return NOTHING
    other = difference.there if side is difference.here else difference.here
    mine, theirs = _words(side), {} if other is None else _words(other)
    return ", ".join(f"{name} {value}" for name, value in mine.items() if theirs.get(name) != value)


def _words(side: Prices | CodeOffer) -> dict[str, str]:
    if isinstance(side, Prices):
        return {
            "mode": side.mode.value,
            **{name: cents(getattr(side, f"{name}_cents")) for name in ("rrp", "launch", "sale")},
        }
    terms = {name: value for name, value in asdict(side.terms).items() if value is not None}
    return {"active": "yes" if side.active else "no", **{name: str(value) for name, value in terms.items()}}
