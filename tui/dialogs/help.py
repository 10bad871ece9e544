"""What something is for, and its keys."""

from collections.abc import Iterator
from textwrap import wrap
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Static

from tui.commands import in_order
from tui.dialogs.dialog import Dialog

KEY_WIDTH = 14
WIDTH = 72
FRAME = 7
"""The widest a dialog is, and what of it border, padding and scroll bar take, in cells."""


class HelpDialog(Dialog[None]):
    """The purpose of what has focus and of its screen, then every key that works there, nearest first."""

    TITLE = "Help"
    CANCEL = "Close"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll(-1)", "up", system=True, tooltip="One line up."),
        Binding("down,j", "scroll(1)", "down", system=True, tooltip="One line down."),
        Binding("pageup", "scroll(-10)", "page up", show=False, system=True, tooltip="One page up."),
        Binding("pagedown,space", "scroll(10)", "page down", show=False, system=True, tooltip="One page down."),
    ]

    def __init__(self, lines: Content) -> None:
        super().__init__()
        self._lines = lines

    @classmethod
    def of(cls, screen: Screen[Any]) -> "HelpDialog":
        """The help for what has focus on a screen."""
        nodes: list[DOMNode] = [screen] if screen.focused is None else list(screen.focused.ancestors_with_self)
        purposes = [Content(help_text.replace("`", "")) for node in nodes if (help_text := getattr(node, "HELP", None))]
        return cls(Content("\n").join([*purposes, *_keys(screen)]))

    def compose_body(self) -> ComposeResult:
        """The lines."""
        yield Static(self._lines)

    def action_scroll(self, lines: int) -> None:
        """Move the text by lines."""
        self.query_one(".dialog").scroll_relative(y=lines, animate=False, immediate=True)


def _keys(screen: Screen[Any]) -> Iterator[Content]:
    width = min(WIDTH, int(screen.app.size.width * 0.96)) - FRAME - KEY_WIDTH
    by_node: dict[DOMNode, dict[str, tuple[list[str], ActiveBinding]]] = {}
    for active in in_order(screen.active_bindings.values()):
        if active.enabled and active.tooltip:
            actions = by_node.setdefault(active.node, {})
            keys, _ = actions.setdefault(active.binding.action, ([], active))
            keys.append(screen.app.get_key_display(active.binding))
    for node, actions in by_node.items():
        yield Content.assemble("\n", (_name(node, screen), "bold $text-primary"))
        for keys, active in actions.values():
            words = "\n".join(
                wrap(
                    active.tooltip, width + KEY_WIDTH, initial_indent=" " * KEY_WIDTH, subsequent_indent=" " * KEY_WIDTH
                )
            )
            yield Content.assemble((f"{'  '.join(keys):<{KEY_WIDTH}}", "bold"), words[KEY_WIDTH:])


def _name(node: DOMNode, screen: Screen[Any]) -> str:
    if node is screen:
        return "On this screen"
    return "Everywhere" if node is screen.app else "Here"
