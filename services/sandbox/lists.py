"""What all lists and all answers share: filters, pages and expansion.

Source: https://docs.stripe.com/api/pagination and https://docs.stripe.com/api/expanding_objects
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from services.sandbox.errors import Refused, exclusive, missing
from services.sandbox.objects import CheckoutSession
from services.sandbox.responses import Json, render, render_line_items, render_list
from services.sandbox.state import Kind, State

_Row = TypeVar("_Row")
_COMPARISONS: Mapping[str, Callable[[int, int], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def created_within(created: int, bounds: int | Mapping[str, int] | None) -> bool:
    """Whether a time meets the parameter `created`: one second, or bounds such as `{"gte": second}`."""
    if bounds is None:
        return True
    if isinstance(bounds, int):
        return created == bounds
    return all(_COMPARISONS[name](created, bound) for name, bound in bounds.items())


def list_page(url: str, things: Sequence[Kind], parameters: Mapping[str, Any]) -> Json:
    """One page of objects that are sorted with the newest first."""
    page, has_more = cut(things, [thing.id for thing in things], parameters)
    return render_list(url, [render(thing) for thing in page], has_more=has_more)


def cut(rows: Sequence[_Row], ids: Sequence[str], parameters: Mapping[str, Any]) -> tuple[list[_Row], bool]:
    """The rows of one page, and whether more follow in the direction of travel.

    Raises Refused for a limit outside 1..100, for two cursors and for a cursor that is not in the list.
    """
    limit = parameters.get("limit", 10)
    if not 1 <= limit <= 100:
        sentence = "Invalid integer: limit must be between 1 and 100"
        raise Refused(sentence, code="parameter_invalid_integer", param="limit")
    after, before = parameters.get("starting_after"), parameters.get("ending_before")
    if after is not None and before is not None:
        raise exclusive("starting_after", "ending_before")
    if before is not None:
        end = _place(ids, before, "ending_before")
        start = max(0, end - limit)
        return list(rows[start:end]), start > 0
    start = 0 if after is None else _place(ids, after, "starting_after") + 1
    return list(rows[start : start + limit]), start + limit < len(rows)


def _place(ids: Sequence[str], cursor: str, param: str) -> int:
    try:
        return ids.index(cursor)
    except ValueError:
        raise missing("object in this list", cursor, param=param, status=400) from None


def expand(state: State, body: Json, paths: Sequence[str]) -> Json:
    """Replace ids by their objects along paths such as `data.payment_intent`.

    Raises Refused for a field that is no id.
    """
    for path in paths:
        _expand(state, body, path.split("."), path)
    return body


def _expand(state: State, body: Json, steps: Sequence[str], path: str) -> None:
    name, rest = steps[0], steps[1:]
    refusal = Refused(f"This property cannot be expanded ({path}).", param="expand[0]")
    if name == "line_items" and body.get("object") == "checkout.session":
        body[name] = render_line_items(state.get(CheckoutSession, body["id"]))
    if name not in body:
        raise refusal
    value = body[name]
    if isinstance(value, str):
        thing = state.find(value)
        if thing is None:
            raise refusal
        value = body[name] = render(thing)
    for part in value if isinstance(value, list) else [value]:
        if rest and isinstance(part, dict):
            _expand(state, part, rest, path)
