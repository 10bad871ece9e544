"""What the audit screen says: entries of the trail as lines, as a whole, and as plain text."""

import json
from datetime import datetime
from typing import Any

from textual.content import Content

from services.domain.audit import AuditEntry
from tui.present import NOTHING, cents, moment, percent, untrusted, visible
from tui.screens.audit_filter import OBJECTS
from tui.widgets.table import Row

LONGEST_ACTOR, LONGEST_OBJECT = 12, 20
"""How many cells of a name are in the list, so that what was changed has room there too."""

_WORDS = {object_type: word for word, object_type in OBJECTS.items()}


def audit_row(entry: AuditEntry, now: datetime) -> Row:
    """An entry as a line of the list."""
    cells = [
        Content(moment(entry.created_at, now, seconds=False)),
        untrusted(entry.actor).truncate(LONGEST_ACTOR, ellipsis=True),
        untrusted(entry.action.replace("_", " ")),
        untrusted(object_of(entry)).truncate(LONGEST_OBJECT, ellipsis=True),
        untrusted("; ".join(change_texts(entry))),
        untrusted(entry.reason, "$muted"),
    ]
    return Row(str(entry.id), cells)


def audit_brief(entry: AuditEntry) -> Content:
    """What the line of the list may have no room for: what was changed, and why."""
    return Content("\n").join(
        [_line("what", "; ".join(change_texts(entry)) or NOTHING), _line("why", entry.reason or NOTHING)]
    )


def audit_detail(entry: AuditEntry, now: datetime) -> Content:
    """Everything about an entry: when, who, what, why; then each value before and after."""
    lines = [
        _line("when", f"{moment(entry.created_at, now).strip()} UTC"),
        _line("who", entry.actor),
        _line("did", f"{entry.action.replace('_', ' ')} {object_of(entry)}"),
        _line("why", entry.reason or NOTHING),
        _line("entry", f"{entry.id:,} of the trail"),
        Content(""),
    ]
    changes = entry.changes
    if not changes:
        lines.append(Content.styled("No value is recorded as different.", "$muted"))
    for name, _, _ in changes:
        lines.append(Content.styled(_name(name), "$muted"))
        lines.append(untrusted(f"  {_change(entry, name)}"))
    return Content("\n").join(lines)


def audit_text(entry: AuditEntry) -> str:
    """An entry as plain text on one line, for the clipboard."""
    when = entry.created_at.isoformat(timespec="seconds")
    changes = "; ".join(change_texts(entry))
    return f"{when} {entry.actor} {entry.action} {object_of(entry)}: {changes}. {entry.reason}".rstrip()


def object_of(entry: AuditEntry) -> str:
    """The object in the words of the filter: `code SUMMER`, `account 42`, `prices 14`."""
    return f"{_WORDS.get(entry.object_type, entry.object_type)} {entry.object_id}"


def change_texts(entry: AuditEntry) -> list[str]:
    """Each value that differs: `launch $24.99 → $29.99`. Of what is new, each value that it has: `percent 10 %`."""
    is_new = entry.before is None
    return [
        f"{_name(name)} {_change(entry, name)}"
        for name, _, after in entry.changes
        if not is_new or after not in ("", False)
    ]


def _change(entry: AuditEntry, name: str) -> str:
    """A value before → after; alone where nothing of that name was there before."""
    before, after = entry.before or {}, _value(name, (entry.after or {}).get(name))
    return f"{_value(name, before[name])} → {after}" if name in before else after


def _line(name: str, value: str) -> Content:
    return Content.assemble((f"{name:<6}", "$muted"), untrusted(value))


def _name(name: str) -> str:
    return visible(name.removesuffix("_cents").removesuffix("_basis_points").replace("_", " "))


def _value(name: str, value: Any) -> str:
    if value is None or value == "":
        return NOTHING
    if isinstance(value, str) and name.endswith("_at"):
        return _moment(value)
    if type(value) is int and name.endswith("_cents"):
        return cents(value)
    if type(value) is int and name.endswith("_basis_points"):
        return percent(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else value if isinstance(value, str) else json.dumps(value)


def _moment(text: str) -> str:
    """A moment that was recorded, to the minute unless it was none that somebody typed."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{at:%Y-%m-%d %H:%M}{f':{at:%S}' if at.second else ''} UTC"
