"""Prices: what is in force, changing it, and what was changed before."""

from functools import partial
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from services.domain.pricing import OvertakenPrice, PriceChange
from services.domain.timeline import Period
from tui.commands import bindings
from tui.dialogs.dialog import Details
from tui.dialogs.price_decision import PriceDecision
from tui.dialogs.price_lists import CheckoutExpiry, PriceTimeline
from tui.messages import DiscountChanged, Fact, OrderChanged, PricingChanged
from tui.present import cents
from tui.screens.desk_screen import DeskScreen
from tui.screens.price_editor import PriceEditor
from tui.screens.price_turn import PriceTurn
from tui.screens.pricing_clock import LocalClock
from tui.screens.pricing_expiry import Expiry, expiry_rows
from tui.screens.pricing_matrix import PriceMatrix
from tui.screens.pricing_verbs import (
    EditPrices,
    EndPrices,
    ExpireCheckouts,
    RestorePrices,
    SavePrices,
    ShowChange,
    ShowTimeline,
    WithdrawChange,
)
from tui.screens.pricing_words import (
    PricingPage,
    as_text,
    change_detail,
    ending_effect,
    history_rows,
    in_force,
    lowest_before_sale,
    read_page,
    timeline_rows,
    withdrawal_effect,
)
from tui.widgets.table import Column, Table


class HistoryTable(Table):
    """The stored changes."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(ShowChange)

    def action_show_change(self) -> None:
        """Show the change under the cursor."""
        self.action_choose()


class PricingScreen(DeskScreen):
    """The prices in force, the form, the effect on every active code, and the history."""

    HELP = (
        "Pricing: what a customer pays, and why. A change is stored with its author and its reason, and kept for good."
    )
    CSS_PATH = "pricing.tcss"
    MODE: ClassVar[str] = "pricing"
    FIGURES = "prices"
    CONCERNS: ClassVar[tuple[type[Fact], ...]] = (PricingChanged, DiscountChanged, OrderChanged)
    HOME: ClassVar[str] = "#history"
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        EditPrices, SavePrices, RestorePrices, WithdrawChange, EndPrices, ExpireCheckouts, ShowTimeline
    )

    now_in_force = getters.query_one("#in-force", Static)
    matrix = getters.query_one(PriceMatrix)
    editor = getters.query_one(PriceEditor)
    history = getters.query_one("#history", Table)

    def __init__(self) -> None:
        super().__init__()
        self._page: PricingPage | None = None
        self._turn = PriceTurn(self)

    def compose_body(self) -> ComposeResult:
        """In force and its effect on the left, the form on the right, the history below."""
        with Horizontal(id="top"):
            with Vertical(id="left"):
                with Vertical(classes="panel", id="in-force-panel") as panel:
                    panel.border_title = Content("In force")
                    yield Static(id="in-force")
                yield PriceMatrix()
            yield PriceEditor()
        with Vertical(classes="panel", id="history-panel") as panel:
            panel.border_title = Content("History")
            yield HistoryTable(
                [
                    Column("", align="right"),
                    Column("when"),
                    Column("who"),
                    Column("state"),
                    Column("change", grows=True),
                    Column("why", grows=True),
                ],
                empty="No change yet: the prices are those of settings.env.\nPress e to change one.",
                id="history",
            )

    def on_mount(self) -> None:
        """Have checkouts ended by one who says on this screen how far it is."""
        self._expiry = Expiry(self, self.app, self.editor.notice)

    # Reading

    def reload(self) -> None:
        """Read the page, and what the form would change."""
        self.app.calls.read(self, "prices", read_page, self._show)

    def _show(self, page: PricingPage) -> None:
        self._page = page
        clock = self._clock
        self.query_one("#history-panel").border_subtitle = Content(f"newest first, {page.zone.key}")
        self.now_in_force.update(in_force(page, clock))
        self.history.show(history_rows(page, clock))
        self.editor.show(page)
        self.refresh_bindings()
        self._turn.expect(page.plan.next_at)

    @property
    def _clock(self) -> LocalClock:
        assert self._page is not None  # noqa: S101 - asked for once there is something to show
        return LocalClock(self.app.clock(), self._page.zone)

    # Editing

    @on(PriceEditor.Previewed)
    def _previewed(self, event: PriceEditor.Previewed) -> None:
        if event.preview is None:
            self.matrix.show_now()
        else:
            self.matrix.show(event.preview)

    @on(PriceEditor.Saved)
    def _saved(self, event: PriceEditor.Saved) -> None:
        if isinstance(event.outcome, OvertakenPrice):
            self.reload()
        else:
            self.focus_home()

    def action_edit_prices(self) -> None:
        """Go to the form, for something new."""
        self.editor.begin()

    def action_restore_prices(self) -> None:
        """Propose the prices of the version under the cursor."""
        change = self._under_cursor()
        if change is not None:
            self.editor.propose(change.prices, f"back to v{change.version}")

    def action_save_prices(self) -> None:
        """Show the change, and save it once it is confirmed."""
        self.editor.save()

    # The history

    @on(Table.Moved, "#history")
    def _moved(self) -> None:
        self.refresh_bindings()

    @on(Table.Chosen, "#history")
    def _show_change(self) -> None:
        change = self._under_cursor()
        if change is not None and self._page is not None:
            detail = change_detail(change, self._page, self._clock)
            self.app.push_screen(Details(f"Change v{change.version}", detail))

    def _under_cursor(self) -> PriceChange | None:
        if self._page is None:
            return None
        stored = [*self._page.plan.history, self._page.plan.starting]
        return next((change for change in stored if str(change.version) == self.history.key), None)

    def copy_text(self) -> str | None:
        """The row of the history, or the price in force."""
        change = self._under_cursor()
        if self.focused is self.history and change is not None:
            return as_text(change)
        return cents(self._page.plan.current.prices.in_force_cents) if self._page else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what is possible: with the version under the cursor, with the prices in force, with the checkouts."""
        change, page = self._under_cursor(), self._page
        if action == RestorePrices.action():
            return change is not None and page is not None and change.prices != page.plan.current.prices
        if action == WithdrawChange.action():
            return change is not None and change.is_pending(self.app.clock())
        if action == EndPrices.action():
            return page is not None and page.plan.current.ends_at is not None
        if action == ExpireCheckouts.action():
            return page is not None and bool(page.outdated) and not self._expiry.is_running
        return super().check_action(action, parameters)

    # Taking back

    def action_withdraw_change(self) -> None:
        """Take back the pending change under the cursor."""
        change, page = self._under_cursor(), self._page
        if change is None or page is None:
            return
        version = change.version
        dialog = PriceDecision(
            f"Withdraw v{version}",
            withdrawal_effect(change, page, self._clock),
            "Withdraw change",
            lambda desk, reason: desk.pricing.withdraw(version, reason),
        )
        self.app.push_screen(dialog, partial(self._taken_back, f"v{version} is withdrawn."))

    def action_end_prices(self) -> None:
        """End the prices in force before their end."""
        page = self._page
        if page is None or page.plan.current.ends_at is None:
            return
        version = page.plan.current.version
        dialog = PriceDecision(
            f"End v{version} now",
            ending_effect(page, self._clock),
            "End now",
            lambda desk, reason: desk.pricing.end(reason=reason, expected_version=version),
        )
        self.app.push_screen(dialog, partial(self._taken_back, f"v{version} has ended."))

    def _taken_back(self, sentence: str, change: PriceChange | None) -> None:
        if change is not None:
            self.editor.notice(Content.assemble(("✓ ", "$text-success"), sentence))

    # The open checkouts, and the time line

    def action_expire_checkouts(self) -> None:
        """Show the open checkouts with an older price, and end them once that is confirmed."""
        if self._page is None:
            return
        kept = self._page.outdated

        def begin(confirmed: bool | None) -> None:
            if confirmed:
                self._expiry.begin(kept)

        self.app.push_screen(CheckoutExpiry(expiry_rows(kept, self._clock)), begin)

    def action_show_timeline(self) -> None:
        """Show which price was, is and will be charged when."""
        self.app.calls.read(self, "time line", lambda desk: desk.pricing.timeline(), self._show_timeline)

    def _show_timeline(self, periods: list[Period]) -> None:
        if self._page is None or not self.is_current:
            return
        note = Content.styled(f"Newest first, {self._page.zone.key}.", "$muted")
        if self._page.reference is not None:
            began_at = self._clock.at(self._page.reference.began_at)
            note = Content.assemble(note, f"\nThe sale began {began_at}; ", lowest_before_sale(self._page.reference))
        self.app.push_screen(PriceTimeline(timeline_rows(periods, self._clock), note))
