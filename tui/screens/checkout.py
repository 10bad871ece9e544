"""Checkout."""

from typing import ClassVar

from tui.screens.desk_screen import DeskScreen


class CheckoutScreen(DeskScreen):
    """Checkout."""

    MODE: ClassVar[str] = "checkout"
