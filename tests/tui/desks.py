"""The real app on a real SQLite file, for tests of the interface."""

from pathlib import Path

from textual import events
from textual.pilot import Pilot

import tui.app
from services.runtime import Runtime
from tui.app import PaydeskApp
from tui.desk import Desk
from tui.screens.desk_screen import DeskScreen


class StillApp(PaydeskApp):
    """The app with notices that stay for as long as a test looks, however busy the machine is."""

    CSS_PATH = str(Path(tui.app.__file__).with_name("app.tcss"))
    NOTIFICATION_TIMEOUT = 3600


def app_on(runtime: Runtime) -> PaydeskApp:
    """The app over a runtime, on the runtime's clock, in which nothing moves by itself."""
    app = StillApp(Desk(lambda: runtime), clock=runtime.clock, reconcile_seconds=None)
    app.animation_level = "none"
    return app


async def settle(pilot: Pilot[None]) -> None:
    """Wait until every read and write is answered and what it led to is drawn."""
    quiet = 0
    while quiet < 3:  # An answer may begin the next read, and a paint the first one.
        await pilot.pause()
        running = [worker for worker in pilot.app.workers if not worker.is_finished]
        screen = pilot.app.screen
        unpainted = isinstance(screen, DeskScreen) and screen._stale  # it is read once it is painted
        quiet = 0 if running or unpainted else quiet + 1
        if running:
            await pilot.app.workers.wait_for_complete(running)


async def type_text(pilot: Pilot[None], text: str) -> None:
    """Type text into what has focus, as fast as a terminal hands on what is pasted or typed ahead."""
    named = {" ": "space", ".": "full_stop", "-": "minus", "_": "underscore", "@": "at"}
    await _send(pilot, [events.Key(named.get(character, character), character) for character in text])


async def hold(pilot: Pilot[None], key: str, times: int = 20) -> None:
    """Hold a key down: it comes again before anything has become of it."""
    await _send(pilot, [events.Key(key, None) for _ in range(times)])


async def _send(pilot: Pilot[None], keys: list[events.Key]) -> None:
    driver = pilot.app._driver
    assert driver is not None
    for key in keys:
        key.set_sender(pilot.app)
        driver.send_message(key)
    await pilot.pause()


def screen_text(app: PaydeskApp) -> str:
    """What stands on the screen, line by line, without its colours."""
    width, height = app.size
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip()[:width] for strip in strips[:height])
