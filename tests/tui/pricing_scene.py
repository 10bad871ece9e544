"""What the journeys through the pricing screen share: the desk opened on it, and what a person does there by keys."""

from dataclasses import replace

from textual.pilot import Pilot
from textual.widgets import Input, Static

from services.runtime import Runtime
from tests.tui.desks import StillApp, settle, type_text
from tui.app import PaydeskApp
from tui.desk import Desk
from tui.screens.pricing import PricingScreen
from tui.widgets.field import Field


class PricingDesk(StillApp):
    """The app, opened on the pricing screen."""

    DEFAULT_MODE = "pricing"


def pricing_on(runtime: Runtime) -> PaydeskApp:
    """The pricing screen over a runtime."""
    app = PricingDesk(Desk(lambda: runtime), clock=runtime.clock, reconcile_seconds=None)
    app.animation_level = "none"
    return app


def desk_of(runtime: Runtime, actor: str) -> Runtime:
    """Another desk on the same database, at which somebody else sits."""
    return replace(runtime, actor=actor)


async def go_to(pilot: Pilot[None], field: str) -> None:
    """Go to a field of the form by its name, with nothing typed in it."""
    control = pilot.app.screen.query_one(f"#{field}", Input)
    pilot.app.screen.set_focus(control)
    control.select_all()
    await pilot.pause()


async def fill(pilot: Pilot[None], **texts: str) -> None:
    """Type into fields of the form, key by key."""
    await settle(pilot)
    for field, text in texts.items():
        await go_to(pilot, field)
        await type_text(pilot, text)
    await settle(pilot)


async def ask_to_save(pilot: Pilot[None]) -> None:
    """Press the key that shows the change."""
    await pilot.press("ctrl+s")
    await settle(pilot)


async def confirm(pilot: Pilot[None]) -> None:
    """Go from Cancel to the other button, and press it."""
    await pilot.press("tab", "enter")
    await settle(pilot)


def typed(app: PaydeskApp, field: str) -> str:
    """What stands in a field of the form."""
    return app.screen.query_one(f"#{field}", Input).value


def error_at(app: PaydeskApp, field: str) -> str:
    """What is said to be wrong at a field."""
    return next(shown.error for shown in app.screen.query(Field) if shown.name == field)


def told(app: PaydeskApp) -> str:
    """What came of the last thing that was done on the screen."""
    assert isinstance(app.screen, PricingScreen)
    return str(app.screen.query_one("#notice", Static).content)


def followed_by(app: PaydeskApp) -> str:
    """What is said to follow from the edit."""
    return str(app.screen.query_one("#consequences", Static).content)
