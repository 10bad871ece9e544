"""The filter of the ledger: one line that is always there, what it may go on with, and what it adds up to."""

from dataclasses import dataclass
from typing import ClassVar

from textual import events, getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from services.domain.history import Tally
from services.domain.ledger_filter import WORDS, LedgerFilter, Suggestion, filter_line, parse_filter, suggestions
from services.errors import InvalidInput
from tui.present import cents, untrusted
from tui.widgets.line_input import LineInput

NOT_TEXT = 11
"""Cells of the line that are neither the filter's text nor its subtotal: the label, what is around them, the cursor."""

WORD_WIDTH = 20
"""Cells of an offered word, with the blank after it."""


def subtotal_content(tally: Tally) -> Content:
    """What the entries that are shown add up to, and how many they are: at least so many, while they are counted."""
    if tally.done:
        return Content.assemble(
            ("subtotal ", "$muted"),
            (cents(tally.amount_cents), "bold"),
            (f" of the {tally.entries:,} shown", "$muted"),
        )
    return Content.assemble(
        ("subtotal so far ", "$muted"),
        (cents(tally.amount_cents), "bold"),
        (f" of ≥ {tally.entries:,}", "$muted"),
    )


class FilterInput(LineInput):
    """The line; the arrow keys move among the words that it may go on with, tab takes one."""

    HELP = (
        'Filter the ledger: all words must apply, such as kind:usage amt<-5.00 2026-10.. "text in the description". '
        "Tab completes a word, enter filters, an empty line shows everything, escape leaves the filter as it was."
    )


class Offers(OptionList, can_focus=False):
    """The words that the line may go on with."""


class FilterLine(Vertical):
    """The line, the error under it, and at its right end what the entries it means add up to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "take", "complete", system=True, tooltip="Complete the word as it is offered."),
        Binding("down", "move(1)", "next", show=False, system=True, tooltip="The next word that is offered."),
        Binding("up", "move(-1)", "previous", show=False, system=True, tooltip="The word before it."),
    ]

    @dataclass
    class Applied(Message):
        """This filter is asked for."""

        wanted: LedgerFilter

    field = getters.query_one(FilterInput)
    offers = getters.query_one(Offers)
    wanted: var[LedgerFilter] = var(LedgerFilter())
    """The filter that the ledger is shown by."""
    tally: var[Tally | None] = var(None)
    """What the entries that are shown add up to; None: nothing is filtered."""

    def __init__(self) -> None:
        super().__init__()
        self._offered: list[Suggestion] = []

    def compose(self) -> ComposeResult:
        """The line, its error, and the offers, which lie over what is below."""
        with Horizontal(classes="filter--line"):
            yield Static(Content("Filter"), classes="filter--label")
            yield FilterInput(placeholder='kind:usage amt<-5.00 2026-10.. "text"', id="filter")
            yield Static(classes="filter--subtotal")
        yield Static(classes="filter--below")
        yield Static(classes="filter--error")
        yield Offers(compact=True)

    def watch_tally(self) -> None:
        """Show what the entries add up to."""
        self._show_subtotal()

    def on_resize(self) -> None:
        """Show what they add up to where there is room for it."""
        self._show_subtotal()

    def _show_subtotal(self) -> None:
        """Beside the line, or under it: the filter is never cut for its subtotal."""
        subtotal = subtotal_content(self.tally) if self.tally else Content("")
        beside = Content(filter_line(self.wanted)).cell_length + subtotal.cell_length <= self.size.width - NOT_TEXT
        self.query_one(".filter--subtotal", Static).update(subtotal if beside else Content(""))
        below = self.query_one(".filter--below", Static)
        below.update(Content("") if beside else subtotal)
        below.set_class(not beside and bool(subtotal), "-said")

    def watch_wanted(self) -> None:
        """Show the filter as its line."""
        self.show_filter()
        self._show_subtotal()

    def show_filter(self) -> None:
        """Show the filter that is in force, whatever was typed since."""
        self.field.value = filter_line(self.wanted)
        self._say("")

    @on(Input.Changed, "#filter")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._say("")
        text = event.value
        if self.field.has_focus and text.endswith(" ") and text.count('"') % 2 == 0:
            self._read(text)
        self._offer()

    @on(Input.Submitted, "#filter")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self.offers.highlighted is not None:
            self.action_take()
        elif (wanted := self._read(event.value)) is not None:
            self.post_message(self.Applied(wanted))

    def read_typed(self) -> LedgerFilter | None:
        """The filter that is typed; None where it is none, and then the reason stands under it."""
        return self._read(self.field.value)

    def _read(self, text: str) -> LedgerFilter | None:
        try:
            return parse_filter(text)
        except InvalidInput as error:
            self._say(error.sentence)
            return None

    def _say(self, error: str) -> None:
        line = self.query_one(".filter--error", Static)
        line.set_class(bool(error), "-said")
        line.update(Content.assemble("✗ ", untrusted(error)))

    # How the line may go on

    def on_descendant_focus(self) -> None:
        """Offer words."""
        self._offer()

    def on_descendant_blur(self) -> None:
        """Give the screen back."""
        self._offer()

    def _offer(self) -> None:
        before = self.field.value[: self.field.cursor_position]
        self._offered = []
        if self.field.has_focus:
            self._offered = suggestions(before) if self.field.value else [Suggestion(*word) for word in WORDS]
        self.offers.clear_options()
        self.offers.add_options([_option(offered) for offered in self._offered])
        self.set_class(bool(self._offered), "-open")
        self.refresh_bindings()

    def action_move(self, step: int) -> None:
        """Mark another of the words that are offered; above the first one none is marked."""
        if self._offered:
            marked = -1 if self.offers.highlighted is None else self.offers.highlighted
            at = min(marked + step, len(self._offered) - 1)
            self.offers.highlighted = at if at >= 0 else None

    def action_take(self) -> None:
        """Complete the word with the one that is marked, or with the first."""
        line = self._offered[self.offers.highlighted or 0].line
        after = self.field.value[self.field.cursor_position :]
        self.field.value = line + after
        self.field.cursor_position = len(line)
        self._offer()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where no word is offered, tab goes on to the next field as everywhere."""
        return bool(self._offered) if action == "take" else super().check_action(action, parameters)

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_take()

    def on_click(self, event: events.Click) -> None:
        """A click beside the field goes to it."""
        if not self.field.has_focus:
            event.stop()
            self.field.focus()


def _option(offered: Suggestion) -> Option:
    word = offered.line.split()[-1]
    return Option(Content.assemble((f"{word:<{WORD_WIDTH}}", "bold"), (offered.meaning, "$muted")))
