"""What the Balances screen reads about its account, in one call."""

from dataclasses import dataclass
from datetime import datetime

from services.domain.account import Account
from services.domain.card import SavedCard
from services.domain.history import Tally
from services.domain.ledger import BalanceSummary
from services.domain.ledger_filter import LedgerFilter
from tui.desk import Desk

EVERYTHING = LedgerFilter()
"""The filter that means every entry."""


@dataclass(frozen=True)
class Asked:
    """Whose ledger is shown, what of it, and as of which moment; None: now."""

    account_id: int
    wanted: LedgerFilter = EVERYTHING
    moment: datetime | None = None


@dataclass(frozen=True)
class Books:
    """An account, what it holds, or held at the moment that was asked for, and its saved card as the desk knows it.

    `span` has the entries of the period that was asked for; None where something else was.
    """

    asked: Asked
    account: Account | None
    summary: BalanceSummary
    card: SavedCard | None
    span: Tally | None


def read_books(asked: Asked, desk: Desk) -> Books:
    """Read what was asked for."""
    summary = desk.balance.summary(asked.account_id)
    if asked.moment is not None:
        seq = desk.history.at(asked.account_id, asked.moment)
        summary = BalanceSummary(desk.history.balance_at(asked.account_id, asked.moment), seq)
    span = None
    if asked.wanted != EVERYTHING and asked.wanted.is_period:
        span = desk.history.tally(asked.account_id, asked.wanted, as_of_seq=summary.last_seq)
    return Books(asked, desk.accounts.get(asked.account_id), summary, desk.charges.last_card(asked.account_id), span)


def find_account(argument: str, desk: Desk) -> Account | None:
    """The account that a jump names: a number is its id and nothing else."""
    if argument.isascii() and argument.isdecimal():
        return desk.accounts.get(int(argument))
    return next(iter(desk.accounts.search(argument, 1)), None)
