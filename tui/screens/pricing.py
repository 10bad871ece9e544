"""Pricing."""

from typing import ClassVar

from tui.screens.desk_screen import DeskScreen


class PricingScreen(DeskScreen):
    """Pricing."""

    MODE: ClassVar[str] = "pricing"
