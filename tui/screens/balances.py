"""Balances."""

from typing import ClassVar

from tui.screens.desk_screen import DeskScreen


class BalancesScreen(DeskScreen):
    """Balances."""

    MODE: ClassVar[str] = "balances"
