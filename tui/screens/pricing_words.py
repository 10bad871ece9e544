"""What the pricing screen says: its figures and changes as content."""

from datetime import datetime

from textual.content import Content

from services.domain.pricing import PriceChange, PriceMode, Prices
from tui.present import NOTHING, cents, moment, untrusted
from tui.price_draft import CodeEffect, differences, doubts, summary
from tui.widgets.price_form import Edit
from tui.widgets.table import Row


def in_force(change: PriceChange, now: datetime) -> Content:
    """The three prices with the one that is charged, and since when, by whom."""
    lines = [_price_line(change.prices, mode) for mode in PriceMode]
    if change.version == 0 or change.effective_at is None:
        source = Content.styled("from settings.env, never changed", "$muted")
    else:
        since = moment(change.effective_at, now, seconds=False).strip()
        source = Content.assemble(("since ", "$muted"), since, (", ", "$muted"), untrusted(change.actor))
        source = Content.assemble(source, (f"  v{change.version}", "$muted"))
    return Content("\n").join([*lines, source])


def _price_line(prices: Prices, mode: PriceMode) -> Content:
    amount = f"{cents(prices.of(mode)):>11}"
    if mode is prices.mode:
        return Content.assemble((f"▸ {mode.value:<7}{amount}", "bold"), ("  charged", "$text-success"))
    return Content(f"  {mode.value:<7}{amount}")


def effect_row(effect: CodeEffect) -> Row:
    """What a customer pays with a code, now and after the edit."""
    code = effect.code
    label = Content.styled("none", "$muted")
    if code is not None:
        label = Content.assemble(untrusted(code.code), (f"  −{code.value_text}", "$muted"))
    if effect.new_cents is None:
        new = Content(NOTHING)
    elif effect.uncollectable:
        new = Content.styled(f"! {cents(effect.new_cents)}", "$text-warning")
    else:
        new = Content.styled(cents(effect.new_cents), "bold" if effect.new_cents != effect.now_cents else "")
    return Row(code.code if code else "", [label, Content(cents(effect.now_cents)), new])


def history_row(change: PriceChange, before: Prices, now: datetime) -> Row:
    """One stored change: which, when, by whom, what and why."""
    when = moment(change.created_at, now, seconds=False) if change.created_at else NOTHING
    cells = [
        Content.styled(f"v{change.version}", "$muted"),
        Content(when),
        untrusted(change.actor),
        Content(summary(before, change.prices) or "nothing"),
        untrusted(change.reason),
    ]
    return Row(str(change.version), cells)


def change_detail(change: PriceChange, before: Prices, now: datetime) -> Content:
    """Everything about one stored change."""
    when = moment(change.created_at, now).strip() if change.created_at else NOTHING
    lines = [
        Content.assemble(("by      ", "$muted"), untrusted(change.actor), (f", {when} UTC", "$muted")),
        Content.assemble(("reason  ", "$muted"), untrusted(change.reason) if change.reason else NOTHING),
        Content(""),
        *_difference_lines(before, change.prices),
    ]
    return Content("\n").join(lines)


def as_text(change: PriceChange) -> str:
    """One stored change as plain text, for the clipboard."""
    amounts = ", ".join(f"{mode.value} {cents(change.prices.of(mode))}" for mode in PriceMode)
    return f"v{change.version} {change.actor}: mode {change.prices.mode.value}, {amounts}. {change.reason}"


def overtaken(old: PriceChange, new: PriceChange) -> Content:
    """That somebody else changed the prices while they were edited here."""
    return Content.assemble(
        ("! ", "bold $text-warning"),
        untrusted(new.actor, "bold"),
        f" changed the prices meanwhile: {summary(old.prices, new.prices)}. "
        "Nothing was overwritten and your text is kept: look, then save again.",
    )


def effect_of(edit: Edit) -> Content:
    """The change before → after, line by line, and what about it asks for a second look."""
    before, after = edit.base.prices, edit.prices
    lines = _difference_lines(before, after)
    lines += [Content(""), Content.assemble(("reason  ", "$muted"), untrusted(edit.reason))]
    for doubt in doubts(before, after):
        lines.append(Content.assemble(("! ", "bold $text-warning"), (doubt.sentence, "$text-warning")))
    return Content("\n").join(lines)


def _difference_lines(before: Prices, after: Prices) -> list[Content]:
    lines = [Content.styled(f"{'':<16}{'before':>11}   {'after':>11}", "$muted")]
    for line in differences(before, after):
        text = Content.assemble(f"{line.name:<16}{line.before:>11} → ", (f"{line.after:>11}", "bold"))
        lines.append(Content.assemble(text, (f"   {line.far}", "$text-warning")))
    pays = f"{'a customer pays':<16}{cents(before.in_force_cents):>11} → "
    lines.append(Content.assemble(pays, (f"{cents(after.in_force_cents):>11}", "bold")))
    return lines
