"""Overview: the state of the desk in one look, each tile with the way to its screen."""

from typing import TYPE_CHECKING, ClassVar

from textual import events, getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from services.domain.overview import Movements
from tui.commands import JUMPS, Command, bindings
from tui.dialogs.findings import FindingsDialog
from tui.messages import AccountChanged, BalanceChanged, DiscountChanged, Fact, OrderChanged, PricingChanged
from tui.screens.desk_screen import DeskScreen
from tui.screens.overview_words import (
    balances_content,
    codes_content,
    movements_content,
    orders_content,
    period_text,
    person_content,
    price_content,
)
from tui.screens.price_turn import PriceTurn

if TYPE_CHECKING:
    from services.overview import Overview


class OpenTile(Command):
    """Goes to the screen behind the tile."""

    key = "enter"
    label = "open"
    help = "Go to the screen behind the tile, to what the tile is about."


class Tile(Static, can_focus=True):
    """Some figures, and the way to the screen behind them."""

    HELP = "A tile: enter goes to its screen; arrows and tab go to the next tile."
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(OpenTile),
        Binding("right,l", "app.focus_next", "next", show=False, system=True, tooltip="To the next tile."),
        Binding("left,h", "app.focus_previous", "previous", show=False, system=True, tooltip="To the tile before."),
        Binding("down,j", "screen.step(1)", "down", show=False, system=True, tooltip="To the tile below."),
        Binding("up,k", "screen.step(-1)", "up", show=False, system=True, tooltip="To the tile above."),
    ]

    class Opened(Message):
        """Somebody wants to see what is behind the tile."""

        def __init__(self, tile: "Tile") -> None:
            super().__init__()
            self.tile = tile

        @property
        def control(self) -> "Tile":
            """The sender, for `@on` with a selector."""
            return self.tile

    def __init__(self, title: str, id: str) -> None:  # noqa: A002
        super().__init__(id=id, classes="panel", markup=False)
        self.border_title = Content(title)

    def action_open_tile(self) -> None:
        """Go to the screen behind it."""
        self.post_message(self.Opened(self))

    def on_click(self) -> None:
        """Go to the screen behind it."""
        self.action_open_tile()


class MovementsTile(Tile):
    """The chart of movements, as large as there is room for."""

    movements: reactive[Movements | None] = reactive(None)

    def watch_movements(self) -> None:
        """Draw the chart."""
        self._draw()

    def on_resize(self, _event: events.Resize) -> None:
        """Draw the chart as large as there is room for now."""
        self._draw()

    def _draw(self) -> None:
        if self.movements is not None:
            room = self.content_size
            self.update(movements_content(self.movements, room.width, room.height))
            self.border_subtitle = Content(period_text(self.movements))


class OverviewScreen(DeskScreen):
    """Six tiles: price, balances, movements, orders, codes, and what needs a person."""

    HELP = (
        "Overview: the state of the desk in one look. Arrows go from tile to tile, enter goes to the screen behind "
        "one. An order is stuck where Stripe has not answered for ten minutes, or where it should have ended."
    )
    CSS_PATH = "overview.tcss"
    MODE: ClassVar[str] = "overview"
    FIGURES = "overview"
    CONCERNS: ClassVar[tuple[type[Fact], ...]] = (
        PricingChanged,
        DiscountChanged,
        BalanceChanged,
        OrderChanged,
        AccountChanged,
    )
    HOME: ClassVar[str] = "#price"

    movements = getters.query_one("#movements", MovementsTile)

    def __init__(self) -> None:
        super().__init__()
        self._overview: Overview | None = None
        self._turn = PriceTurn(self)

    def compose_body(self) -> ComposeResult:
        """The tiles."""
        with Vertical(id="tiles"):
            with Horizontal():
                yield Tile("Price", "price")
                yield Tile("Balances", "balances")
            yield MovementsTile("Movements of 30 days", "movements")
            with Horizontal(id="middle"):
                yield Tile("Orders", "orders")
                yield Tile("Codes", "codes")
            yield Tile("Needs a person", "person")

    # Reading

    def reload(self) -> None:
        """Read the figures, and begin to count the movements."""
        self.app.calls.read(self, "overview", lambda desk: desk.overview.overview(), self._show)
        self._count(None)

    def _show(self, overview: "Overview") -> None:
        self._overview = overview
        now = self.app.clock()
        for name, content in (
            ("price", price_content(overview.prices, now)),
            ("balances", balances_content(overview.balances)),
            ("orders", orders_content(overview.orders, now)),
            ("codes", codes_content(overview.codes)),
            ("person", person_content(overview)),
        ):
            self.query_one(f"#{name}", Tile).update(content)
        self._turn.expect(overview.prices.next_at)

    def _count(self, so_far: Movements | None) -> None:
        self.app.calls.read(self, "movements", lambda desk: desk.overview.movements(so_far), self._counted)

    def _counted(self, movements: Movements) -> None:
        """Show what was counted; a chart that is there already gives way to a whole one only."""
        shown = self.movements.movements
        if movements.done or shown is None or not shown.done:
            self.movements.movements = movements
        if not movements.done:
            self._count(movements)

    # Going to the screen behind a tile

    def action_step(self, way: int) -> None:
        """Go to the nearest tile below (1) or above (-1) the one that has focus."""
        if self.focused is not None:
            here = self.focused.region
            others = [tile for tile in self.query(Tile) if (tile.region.y - here.y) * way > 0]
            if others:
                self.set_focus(min(others, key=lambda tile: (abs(tile.region.y - here.y), abs(tile.region.x - here.x))))

    @on(Tile.Opened, "#price")
    def _open_price(self) -> None:
        self.app.go("pricing")

    @on(Tile.Opened, "#movements")
    def _open_movements(self) -> None:
        self.app.go("balances")

    @on(Tile.Opened, "#balances")
    def _open_balances(self) -> None:
        self._jump("account", "balances", self._overview.balances.lowest_id if self._overview else None)

    @on(Tile.Opened, "#orders")
    def _open_orders(self) -> None:
        oldest = self._overview.orders.oldest_open if self._overview else None
        self._jump("order", "checkout", oldest.id if oldest else None)

    @on(Tile.Opened, "#codes")
    def _open_codes(self) -> None:
        near = self._overview.codes.near_limit if self._overview else ()
        self._jump("code", "discounts", next((code.code for code in near), None))

    @on(Tile.Opened, "#person")
    def _open_person(self) -> None:
        if self._overview is None:
            return
        orders = self._overview.orders
        order_id = orders.first_in_review or orders.first_stuck
        if order_id is None and self._overview.findings:
            self.app.push_screen(FindingsDialog())
        else:
            self._jump("order", "checkout", order_id or orders.last_failed)

    def _jump(self, word: str, mode: str, argument: int | str | None) -> None:
        """Go to a screen, and there to what the tile names, if it names anything."""
        if argument is None:
            self.app.go(mode)
        else:
            self.app.jump(next(jump for jump in JUMPS if jump.word == word), str(argument))

    # The keys that mean the same everywhere

    def copy_text(self) -> str | None:
        """The figures of the tile that has focus."""
        return str(self.focused.content) if isinstance(self.focused, Tile) else None
