"""Prices that change by themselves show when their moment comes, whoever looks at them."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from textual.timer import Timer

import tui.screens.overview
import tui.screens.pricing
from services.pricing_dynamic import DynamicPricingService
from services.runtime import Runtime
from tests.clock import ManualClock
from tests.tui.desks import StillApp, screen_text, settle
from tui.desk import Desk
from tui.screens.desk_screen import DeskScreen
from tui.screens.overview import OverviewScreen
from tui.screens.price_turn import LONGEST_WAIT_SECONDS
from tui.screens.pricing import PricingScreen

Waited = tuple[float, Callable[[], Any]]


class Waits(DeskScreen):
    """A screen whose timers go off when a test says so: `waits` are those that are set, with their seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: dict[Timer, Waited] = {}

    def set_timer(
        self,
        delay: float,
        callback: Callable[[], Any] | None = None,
        *,
        name: str | None = None,
        pause: bool = False,
    ) -> Timer:
        """A timer that never goes off by itself."""
        timer = super().set_timer(delay, callback, name=name, pause=True)
        if callback is not None:
            self.waits[timer] = (delay, callback)
        return timer

    def waited(self) -> Waited:
        """The one that is set last, and is not stopped."""
        return next(reversed(self.waits.values()))


class WaitingPricing(Waits, PricingScreen):
    """The pricing screen."""

    CSS_PATH = str(Path(tui.screens.pricing.__file__).with_name("pricing.tcss"))


class WaitingOverview(Waits, OverviewScreen):
    """The overview."""

    CSS_PATH = str(Path(tui.screens.overview.__file__).with_name("overview.tcss"))


class WaitingDesk(StillApp):
    """The app with these two."""

    MODES: ClassVar[dict[str, Any]] = {**StillApp.MODES, "pricing": WaitingPricing, "overview": WaitingOverview}


def desk_on(runtime: Runtime) -> WaitingDesk:
    app = WaitingDesk(Desk(lambda: runtime), clock=runtime.clock, reconcile_seconds=None)
    app.animation_level = "none"
    return app


@pytest.mark.parametrize(
    ("mode", "shows"), [("pricing", "▸ sale        $24.99  charged"), ("overview", "a customer pays $24.99")]
)
async def test_a_planned_change_shows_when_its_moment_comes_and_when_it_ends(
    runtime: Runtime, clock: ManualClock, mode: str, shows: str
) -> None:
    begins = clock() + timedelta(minutes=10)
    DynamicPricingService.over(runtime).change_prices(
        mode="sale", effective_at=begins, ends_at=begins + timedelta(hours=3)
    )
    app = desk_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        app.go(mode)
        await settle(pilot)
        screen = app.screen
        assert isinstance(screen, Waits)

        seconds, take_effect = screen.waited()
        assert (seconds, shows in screen_text(app)) == (600, False)
        clock.advance(minutes=10)
        take_effect()
        await settle(pilot)
        assert shows in screen_text(app)

        seconds, look_again = screen.waited()
        assert seconds == LONGEST_WAIT_SECONDS
        clock.advance(hours=3)
        look_again()
        await settle(pilot)
        assert shows not in screen_text(app)


async def test_a_plan_that_is_withdrawn_is_waited_for_no_longer(runtime: Runtime, clock: ManualClock) -> None:
    pricing = DynamicPricingService.over(runtime)
    pricing.change_prices(mode="sale", effective_at=clock() + timedelta(minutes=10))
    app = desk_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        app.go("pricing")
        await settle(pilot)
        screen = app.screen
        assert isinstance(screen, Waits)
        (timer,) = screen.waits
        pricing.withdraw(1)
        await pilot.press("r")
        await settle(pilot)
        assert list(screen.waits) == [timer]
        assert timer._task is None, "it was stopped"
