"""The verbs of the desk: each has its key, its label and its help in one place.

From a verb come its binding, its word in the footer, its entry in the palette and its line in the help. A screen
lists the verbs it offers (`BINDINGS = bindings(SavePrices, ...)`) and answers each in `action_<name>`, where the
name is the class's in snake case.
"""

import re
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.binding import ActiveBinding, Binding, BindingType
from textual.command import DiscoveryHit, Hit, Provider
from textual.content import Content

from tui.present import untrusted

if TYPE_CHECKING:
    from tui.app import PaydeskApp


class Command:
    """A verb. `key` may name several keys, of which the first is shown; `label` is short, `help` a sentence.

    `first` is for a verb that moves focus: it acts before the keys behind it are handed out, so that what is typed
    right after it, or arrives with it over a slow line, reaches the field it goes to.
    """

    key: ClassVar[str]
    label: ClassVar[str]
    help: ClassVar[str]
    footer: ClassVar[bool] = True
    first: ClassVar[bool] = False

    @classmethod
    def action(cls) -> str:
        """The name of the action: `SavePrices` is answered by `action_save_prices`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    @classmethod
    def binding(cls) -> Binding:
        """The verb as a binding of Textual's, from which footer, palette and help are made."""
        return Binding(cls.key, cls.action(), cls.label, show=cls.footer, priority=cls.first, tooltip=cls.help)


COMMON = ("search", "copy", "refresh", "back")
"""The actions that every screen has: its own come before them."""


def in_order(active: Iterable[ActiveBinding]) -> list[ActiveBinding]:
    """Active bindings with those that every screen has behind the others."""
    return sorted(active, key=lambda binding: binding.binding.action in COMMON)


def bindings(*commands: type[Command]) -> list[BindingType]:
    """The bindings of a class that offers these verbs."""
    return [command.binding() for command in commands]


class Help(Command):
    """What has focus is for, and its keys."""

    key = "question_mark,f1"
    label = "help"
    help = "What this is for, and every key that works here."


class Quit(Command):
    """Leaves the desk."""

    key = "q"
    label = "quit"
    help = "Leave the desk. Work that is under way is waited for, or asked about."


class Refresh(Command):
    """Reads everything on the screen again."""

    key = "r,ctrl+r"
    label = "refresh"
    help = "Read this screen again; cursor, scroll and filter stay where they are."
    footer = False


class Search(Command):
    """Goes to the search or filter field."""

    key = "slash"
    label = "filter"
    help = "Go to the search or filter field of this screen."
    first = True


class Back(Command):
    """Leaves a field for the list, or a dialog for its screen."""

    key = "escape"
    label = "back"
    help = "Leave a field for the list, or a dialog for its screen."


class Copy(Command):
    """Sends what is selected to the terminal's clipboard."""

    key = "y"
    label = "copy"
    help = "Send what is selected to the terminal's clipboard, and show what was sent."


@dataclass(frozen=True)
class Jump:
    """A palette entry that takes an argument: `account 42` opens a screen on that account."""

    word: str
    mode: str
    example: str
    help: str


JUMPS = (
    Jump("account", "balances", "account 42", "Open the ledger of an account, by id or e-mail."),
    Jump("code", "discounts", "code SUMMER", "Show a discount code, or what would be refused about it."),
    Jump("order", "checkout", "order 8812", "Show an order, by its number."),
    Jump("audit", "audit", "audit code:SUMMER", "Show who changed what, with the audit screen's filter."),
)


class DeskProvider(Provider):
    """The palette: every verb that works here and now, the screens, and the jumps with their argument."""

    async def search(self, query: str) -> AsyncIterator[Hit]:
        """What fits the words typed so far; a jump's word followed by anything is a hit of its own."""
        word, _, argument = query.strip().partition(" ")
        jumps = [jump for jump in JUMPS if argument and jump.word.startswith(word.lower())]
        for jump in jumps:
            prompt = Content.assemble(f"{jump.word} ", untrusted(argument.strip(), "bold"))
            yield Hit(1.0, prompt, self._jump(jump, argument.strip()), text=query, help=jump.help)
        matcher = self.matcher(query)
        for title, help_text, run in self._entries():
            if not jumps and (score := matcher.match(title)) > 0:
                yield Hit(score, matcher.highlight(title), run, text=title, help=help_text)

    async def discover(self) -> AsyncIterator[DiscoveryHit]:
        """Everything, before a word is typed."""
        for title, help_text, run in self._entries():
            yield DiscoveryHit(title, run, text=title, help=help_text)

    @property
    def _desk_app(self) -> "PaydeskApp":
        return cast("PaydeskApp", self.app)

    def _jump(self, jump: Jump, argument: str) -> Any:
        return partial(self._desk_app.jump, jump, argument)

    def _entries(self) -> Iterator[tuple[str, str, Any]]:
        app = self._desk_app
        seen = set()
        for node, binding, enabled, help_text in in_order(self.screen.active_bindings.values()):
            # What only moves about has its keys in the help; it would crowd out what does something here.
            if enabled and help_text and not binding.system and binding.action not in seen:
                seen.add(binding.action)
                title = f"{binding.description.capitalize()}  ({app.get_key_display(binding)})"
                yield title, help_text, partial(app.run_action, binding.action, node)
        for jump in JUMPS:
            yield f"{jump.word.capitalize()} …  (type: {jump.example})", jump.help, partial(app.begin_jump, jump)
        if app.info is not None and app.info.control_url is not None:
            help_text = "Pay, refund and expire at the sandbox, have its answers fail, move its clock."
            yield "Sandbox controls", help_text, app.show_sandbox_controls
        yield "Theme", "Choose the colours of the desk.", app.action_change_theme
