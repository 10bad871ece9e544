"""Prices: what is in force, changing it, and what was changed before."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from services.domain.checkout import OrderPurpose, OrderStatus
from services.domain.discount import DiscountCode
from services.domain.pricing import PriceChange, Prices
from services.errors import PaydeskError, StalePrice
from tui.commands import Command, bindings
from tui.desk import Desk
from tui.dialogs.dialog import Confirm, Details
from tui.messages import DiscountChanged, Fact, OrderChanged, PricingChanged
from tui.present import cents, count, untrusted
from tui.price_draft import code_effects, doubts
from tui.screens.desk_screen import DeskScreen
from tui.screens.pricing_words import as_text, change_detail, effect_of, effect_row, history_row, in_force, overtaken
from tui.widgets.price_form import Edit, PriceForm
from tui.widgets.table import Column, Table

HISTORY_LENGTH = 50


class EditPrices(Command):
    """Goes to the form."""

    key = "e"
    label = "edit"
    help = "Go to the form that changes mode and prices."


class SavePrices(Command):
    """Asks to confirm the change."""

    key = "ctrl+s"
    label = "save…"
    help = "Show the change before → after, and save it once it is confirmed."


class RestorePrices(Command):
    """Proposes the prices of an earlier version."""

    key = "v"
    label = "put back…"
    help = "Fill the form with the prices of the version under the cursor; saving them is a new change."


@dataclass(frozen=True)
class PricingPage:
    """Everything the screen shows, read at one go. `starting` are the settings' prices, `history` is newest first."""

    current: PriceChange
    starting: Prices
    history: Sequence[PriceChange]
    codes: Sequence[DiscountCode]


def read_page(desk: Desk) -> PricingPage:
    """Read what the screen shows."""
    # One more than is listed: a row says what it changed, which the row before it tells.
    history = desk.pricing.history(HISTORY_LENGTH + 1)
    return PricingPage(desk.pricing.current(), desk.pricing.starting_prices, history, desk.discounts.list_codes())


def count_open(desk: Desk) -> int:
    """How many open checkouts of the product there are: they keep the price they were made with."""
    return sum(
        order.status in (OrderStatus.OPEN, OrderStatus.CREATED) and order.draft.purpose is OrderPurpose.INITIAL_ACCESS
        for order in desk.payments.list_orders()
    )


class PricingScreen(DeskScreen):
    """The prices in force, the form, the effect on every active code, and the history."""

    HELP = (
        "Pricing: what a customer pays, and why. A change is stored with its author and its reason, and kept for good."
    )
    CSS_PATH = "pricing.tcss"
    MODE: ClassVar[str] = "pricing"
    CONCERNS: ClassVar[tuple[type[Fact], ...]] = (PricingChanged, DiscountChanged, OrderChanged)
    HOME: ClassVar[str] = "#history"
    BINDINGS: ClassVar[list[BindingType]] = bindings(EditPrices, SavePrices, RestorePrices)

    form = getters.query_one(PriceForm)
    now_in_force = getters.query_one("#in-force", Static)
    effects = getters.query_one("#effects", Table)
    history = getters.query_one("#history", Table)

    def __init__(self) -> None:
        super().__init__()
        self._page: PricingPage | None = None

    def compose_body(self) -> ComposeResult:
        """In force and its effect on the left, the form on the right, the history below."""
        with Horizontal(id="top"):
            with Vertical(id="left"):
                with Vertical(classes="panel", id="in-force-panel") as panel:
                    panel.border_title = Content("In force")
                    yield Static(id="in-force")
                with Vertical(classes="panel", id="effects-panel") as panel:
                    panel.border_title = Content("If saved, a customer pays")
                    columns = [
                        Column("with code", grows=True),
                        Column("now", align="right"),
                        Column("new", align="right"),
                    ]
                    yield Table(columns, id="effects")
            with Vertical(classes="panel", id="form-panel") as panel:
                panel.border_title = Content("Change")
                yield PriceForm()
                yield Static(id="notice")
        with Vertical(classes="panel", id="history-panel") as panel:
            panel.border_title = Content("History")
            panel.border_subtitle = Content("newest first, UTC")
            yield Table(
                [
                    Column("", align="right"),
                    Column("when"),
                    Column("who"),
                    Column("change", grows=True),
                    Column("why", grows=True),
                ],
                empty="No change yet: the prices are those of settings.env.\nPress e to change one.",
                id="history",
            )

    # Reading

    def reload(self) -> None:
        """Read the page, and how many checkouts are open."""
        self.app.calls.read(self, "prices", read_page, self._show)
        self.app.calls.read(self, "open checkouts", count_open, self._show_open)

    def _show(self, page: PricingPage) -> None:
        edited_on = self.form.base
        self._page = page
        if self.form.take(page.current) and edited_on is not None:
            self._notice(overtaken(edited_on, page.current))
        self.now_in_force.update(in_force(page.current, self.app.clock()))
        self._show_effects(self.form.prices)
        self._show_history(page)

    def _show_open(self, number: int) -> None:
        panel = self.query_one("#form-panel")
        kept = f"{count(number, 'open checkout')} keep{'s' if number == 1 else ''} the old price"
        panel.border_subtitle = Content(kept if number else "")

    def _show_effects(self, prices: Prices | None) -> None:
        if self._page is None:
            return
        effects = code_effects(self._page.current.prices, prices, self._page.codes)
        self.effects.show([effect_row(effect) for effect in effects])
        refused = sum(effect.uncollectable is not None for effect in effects)
        panel = self.query_one("#effects-panel")
        panel.border_subtitle = Content(f"! {count(refused, 'total')} Stripe would not charge" if refused else "")

    def _show_history(self, page: PricingPage) -> None:
        now = self.app.clock()
        older = [change.prices for change in page.history[1:]] + [page.starting]
        rows = [history_row(change, before, now) for change, before in zip(page.history, older, strict=False)]
        self.history.show(rows[:HISTORY_LENGTH])

    # Editing

    def action_edit_prices(self) -> None:
        """Go to the form."""
        self.query_one("#launch_cents").focus()

    def action_restore_prices(self) -> None:
        """Propose the prices of the version under the cursor."""
        change = self._under_cursor()
        if change is not None:
            self.form.fill(change.prices, f"back to v{change.version}")
            self.query_one("#reason").focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Putting back needs a version under the cursor."""
        if action == RestorePrices.action():
            return self._under_cursor() is not None
        return super().check_action(action, parameters)

    @on(Table.Moved, "#history")
    def _moved(self) -> None:
        self.refresh_bindings()

    @on(Table.Chosen, "#history")
    def _show_change(self) -> None:
        change = self._under_cursor()
        if change is None or self._page is None:
            return
        older = [earlier for earlier in self._page.history if earlier.version < change.version]
        before = older[0].prices if older else self._page.starting
        self.app.push_screen(Details(f"Change v{change.version}", change_detail(change, before, self.app.clock())))

    def _under_cursor(self) -> PriceChange | None:
        history = self._page.history if self._page else ()
        return next((change for change in history if str(change.version) == self.history.key), None)

    def copy_text(self) -> str | None:
        """The row of the history, or the price in force."""
        change = self._under_cursor()
        if self.focused is self.history and change is not None:
            return as_text(change)
        return cents(self._page.current.prices.in_force_cents) if self._page else None

    @on(PriceForm.Edited)
    def _edited(self, event: PriceForm.Edited) -> None:
        self._show_effects(event.prices)

    @on(PriceForm.SaveAsked)
    def action_save_prices(self) -> None:
        """Show the change, and save it once it is confirmed."""
        edit = self.form.edit()
        if edit is None:
            return
        if edit.prices == edit.base.prices:
            self._notice(Content.styled("Nothing to save: these are the prices in force.", "$muted"))
            return
        self._notice(Content(""))
        doubtful = doubts(edit.base.prices, edit.prices)
        dialog = Confirm(
            "Change prices",
            effect_of(edit),
            "Save change",
            type_this=doubtful[0].typed if doubtful else None,
        )
        self.app.push_screen(dialog, partial(self._save, edit))

    def _save(self, edit: Edit, confirmed: bool | None) -> None:
        if not confirmed:
            return
        prices = edit.prices
        self._notice(Content.styled("… Saving", "$muted"))
        self.app.calls.write(
            self,
            "Change of prices",
            lambda desk: desk.pricing.change_prices(
                mode=prices.mode,
                rrp_cents=prices.rrp_cents,
                launch_cents=prices.launch_cents,
                sale_cents=prices.sale_cents,
                reason=edit.reason,
                expected_version=edit.base.version,
            ),
            facts=[PricingChanged()],
            done=self._saved,
            failed=self._failed,
        )

    def _saved(self, change: PriceChange) -> None:
        self.form.take(change)
        self.form.discard()
        self.focus_home()
        self._notice(Content.assemble(("✓ ", "$text-success"), f"Saved as v{change.version}, in force at once."))

    def _failed(self, error: PaydeskError) -> None:
        if isinstance(error, StalePrice):
            self._notice(Content(""))
            self.reload()
        elif not self.form.failed(error):
            self._notice(Content.assemble(("✗ ", "$text-error"), untrusted(error.sentence, "$text-error")))

    def _notice(self, content: Content) -> None:
        line = self.query_one("#notice", Static)
        line.display = bool(content)
        line.update(content)
