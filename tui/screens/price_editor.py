"""The panel that edits the prices: the form, what it would do, and saving it once that was seen."""

from dataclasses import dataclass
from functools import partial

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from services.domain.preview import Preview
from services.domain.pricing import OvertakenPrice, PriceChange, Prices
from services.errors import PaydeskError
from tui.app import PaydeskApp
from tui.dialogs.dialog import Details
from tui.dialogs.price_save import PriceSave
from tui.messages import PricingChanged
from tui.present import untrusted
from tui.price_draft import Draft, Edit
from tui.screens.pricing_clock import LocalClock
from tui.screens.pricing_effects import consequences, effect_of, kept_line
from tui.screens.pricing_words import PricingPage, is_scheduled, overtaken_on, three_ways
from tui.widgets.price_form import PriceForm


class PriceEditor(VerticalScroll, can_focus=False):
    """The form with what follows from it under it. Each edit is previewed as it is typed, and again before it is saved.

    An edit is made on the prices that are in force at its moment. Where somebody else changed those, the form is put
    on the new ones and says so, and what was typed stays.
    """

    @dataclass
    class Previewed(Message):
        """What the form would change is known; None: it cannot be read, or not be made."""

        preview: Preview | None

    @dataclass
    class Saved(Message):
        """The edit is stored, or was not because somebody else's came first."""

        outcome: PriceChange | OvertakenPrice

    app = getters.app(PaydeskApp)
    form = getters.query_one(PriceForm)

    def __init__(self) -> None:
        super().__init__(classes="panel", id="form-panel")
        self.border_title = Content("Change")
        self._page: PricingPage | None = None
        # What somebody else changed under this edit. It is told until the edit is saved or another one begins.
        self._overtaken = Content("")

    def compose(self) -> ComposeResult:
        """The form, what came of the last thing that was done, and what would follow from the next."""
        yield PriceForm()
        yield Static(id="notice")
        yield Static(id="consequences")

    def show(self, page: PricingPage) -> None:
        """Edit the prices in force; what is typed already is previewed again."""
        first, self._page = self._page is None, page
        self.border_subtitle = Content(f"times in {page.zone.key}")
        if first:
            self.form.use_zone(page.zone)
            self.form.take(page.plan.current)
        else:
            self._ask(self.form.draft)

    def begin(self) -> None:
        """Go to the form, for something new."""
        self.notice(self._overtaken)
        self.query_one("#launch_cents").focus()

    def propose(self, prices: Prices, reason: str) -> None:
        """Fill the form with prices, such as those of an earlier version."""
        self._overtaken = Content("")
        self.notice(self._overtaken)
        self.form.fill(prices, reason)
        self.query_one("#reason").focus()

    def notice(self, content: Content) -> None:
        """Say what came of what was done; nothing takes the last notice away."""
        self._say("#notice", content)

    @on(PriceForm.SaveAsked)
    def save(self) -> None:
        """Show the change, and save it once it is confirmed."""
        edit = self.form.edit()
        if edit is None:
            return
        if not edit.draft.does_something:
            self.notice(Content.styled("Nothing to save: these are the prices in force.", "$muted"))
            return
        self.notice(self._overtaken)
        values = edit.draft.values
        self.app.calls.read(
            self, "save", lambda desk: desk.pricing.preview(**values), partial(self._confirm, edit), self._failed
        )

    # What the form would change

    @on(PriceForm.Edited)
    def _edited(self, event: PriceForm.Edited) -> None:
        if event.draft is not None and not event.draft.is_touched:
            self._overtaken = Content("")
        self._ask(event.draft)

    def _ask(self, draft: Draft | None) -> None:
        if draft is not None:
            self.app.calls.read(
                self,
                "preview",
                lambda desk: desk.pricing.preview(**draft.values),
                partial(self._take_preview, draft),
                self._refuse_preview,
            )
        else:
            self._previewed(None, [])

    def _take_preview(self, draft: Draft, preview: Preview) -> None:
        if not self._is_made_on(draft, preview) or draft != self.form.draft:
            return
        clock = self._clock
        lines = consequences(preview, draft, clock) if draft.is_touched else kept_line(preview.kept, clock, offer=True)
        self._previewed(preview, lines)

    def _refuse_preview(self, error: PaydeskError) -> None:
        # Somebody types: the reason stands at its field, and the cursor stays where it is.
        if not self.form.failed(error, focus=False):
            self._failed(error)
        self._previewed(None, [])

    def _previewed(self, preview: Preview | None, lines: list[Content]) -> None:
        self._say("#consequences", Content("\n").join(lines))
        self.post_message(self.Previewed(preview))

    def _is_made_on(self, draft: Draft, preview: Preview) -> bool:
        """Whether the edit is made on what is in force at its moment; else the form is put on that, and says so."""
        if preview.base.version == draft.base.version:
            return True
        if self.form.take(preview.base, draft.effective_at):
            self._overtaken = overtaken_on(draft.base, preview.base)
            self.notice(self._overtaken)
            self.app.facts.publish(PricingChanged())
        return False

    # Saving it

    def _confirm(self, edit: Edit, preview: Preview) -> None:
        if self._is_made_on(edit.draft, preview) and self.screen.is_current:
            effect = effect_of(edit, preview, self._clock)
            told = Content("\n\n").join([self._overtaken, effect]) if self._overtaken else effect
            dialog = PriceSave(edit, preview.doubts, told)
            self.app.push_screen(dialog, self._saved)

    def _saved(self, outcome: PriceChange | OvertakenPrice | None) -> None:
        if isinstance(outcome, OvertakenPrice):
            self.app.push_screen(Details("Somebody else was first", three_ways(outcome)))
        elif outcome is not None:
            self.form.discard()
            self._overtaken = Content("")
            when = "in force at once"
            if is_scheduled(outcome) and outcome.effective_at is not None:
                when = f"in force from {self._clock.at(outcome.effective_at)}"
            self.notice(Content.assemble(("✓ ", "$text-success"), f"Saved as v{outcome.version}, {when}."))
        if outcome is not None:
            self.post_message(self.Saved(outcome))

    def _failed(self, error: PaydeskError) -> None:
        if not self.form.failed(error):
            self.notice(Content.assemble(("✗ ", "$text-error"), untrusted(error.sentence, "$text-error")))

    @property
    def _clock(self) -> LocalClock:
        assert self._page is not None  # noqa: S101 - asked for once there is something to edit
        return LocalClock(self.app.clock(), self._page.zone)

    def _say(self, place: str, content: Content) -> None:
        line = self.query_one(place, Static)
        line.display = bool(content)
        line.update(content)
