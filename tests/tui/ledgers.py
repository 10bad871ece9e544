"""Accounts with ledgers, a database that answers when it is told to, and the way to the Balances screen."""

from datetime import UTC, datetime, timedelta
from functools import cached_property
from threading import Event

from textual.pilot import Pilot

from services.accounts import AccountService
from services.balance import BalanceService, Transaction
from services.domain.account import Account
from services.runtime import Runtime
from services.stores.balances import BalanceStore
from tests.tui.desks import settle, type_text
from tui.app import PaydeskApp
from tui.desk import Desk
from tui.screens.balances import BalancesScreen
from tui.widgets.ledger_table import LedgerTable

PATIENCE = 20
"""Seconds after which a gate that a test forgot opens by itself."""


def new_account(runtime: Runtime, email: str = "maria@example.com", entries: int = 0) -> Account:
    """An account, with that many made-up entries, one a minute up to 2026-11-23 14:00 UTC (on SQLite)."""
    account = AccountService.over(runtime).create(email)
    if entries:
        first_at = datetime(2026, 11, 23, 14, tzinfo=UTC) - timedelta(minutes=entries - 1)
        with runtime.database.write() as connection:
            BalanceStore().fill(connection, account.id, entries, first_at, timedelta(minutes=1))
    return account


class GatedBalance(BalanceService):
    """Balances on a database that keeps a page for as long as its gate is closed."""

    gates: dict[int, Event]

    def close(self, first_seq: int) -> Event:
        """Close the gate of the page that begins with `first_seq`; what is returned opens it."""
        return self.gates.setdefault(first_seq, Event())

    def entries(self, account_id: int, first_seq: int, last_seq: int) -> list[Transaction]:
        if gate := self.gates.get(first_seq):
            gate.wait(PATIENCE)
        return super().entries(account_id, first_seq, last_seq)


class GatedDesk(Desk):
    """The desk over a database with gates."""

    @cached_property
    def balance(self) -> GatedBalance:
        balance = GatedBalance.over(self.runtime)
        balance.gates = {}
        return balance


def gated_app_on(runtime: Runtime) -> tuple[PaydeskApp, GatedBalance]:
    """The app over a runtime whose ledger pages can be held back."""
    desk = GatedDesk(lambda: runtime)
    return PaydeskApp(desk, clock=runtime.clock), desk.balance


async def open_balances(pilot: Pilot[None], find: str = "") -> BalancesScreen:
    """Go to the screen, and to the first account that the finder has for `find`."""
    await settle(pilot)
    await pilot.press("4")
    await settle(pilot)
    if find:
        await pilot.press("slash")
        await type_text(pilot, find)
        await pilot.press("enter")
        await settle(pilot)
    screen = pilot.app.screen
    assert isinstance(screen, BalancesScreen)
    return screen


def shown_seqs(ledger: LedgerTable) -> list[int]:
    """The sequence numbers in view, from the top, of the lines that are there and not waiting."""
    lines = (ledger.render_line(y).text for y in range(1, ledger.size.height))
    return [int(line.split()[0]) for line in lines if line.strip() and "…  " not in line]
