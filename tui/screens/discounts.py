"""Discounts."""

from typing import ClassVar

from tui.screens.desk_screen import DeskScreen


class DiscountsScreen(DeskScreen):
    """Discounts."""

    MODE: ClassVar[str] = "discounts"
