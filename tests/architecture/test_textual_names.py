"""No widget, screen or app keeps something of its own under a name that Textual uses inside: both would go wrong."""

import ast
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator
from functools import cache

from textual.message_pump import MessagePump

import tui


def test_no_attribute_is_named_as_one_of_textuals_own() -> None:
    classes = list(_classes())
    assert len(classes) > 50
    shared = {f"{one.__module__}.{one.__name__}": _set_by(one) & _textuals(one) for one in classes}
    assert {name: taken for name, taken in shared.items() if taken} == {}


def test_the_rule_sees_what_breaks_it() -> None:
    class Busy(MessagePump):
        def begin(self) -> None:
            self._running = self._mine = True

    assert _set_by(Busy) & _textuals(Busy) == {"_running"}


def _classes() -> Iterator[type[MessagePump]]:
    for module in pkgutil.walk_packages(tui.__path__, "tui."):
        for value in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(value) and issubclass(value, MessagePump) and value.__module__ == module.name:
                yield value


def _textuals(one: type[MessagePump]) -> set[str]:
    bases = [base for base in one.__mro__[1:] if base.__module__.startswith("textual.")]
    return {name for base in bases for name in (*_set_by(base), *vars(base))}


@cache
def _set_by(one: type) -> frozenset[str]:
    """The private names that a class gives values to, as in `self._name = ...`."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(one)))
    return frozenset(
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
        and node.attr.startswith("_")
    )
