"""What the pricing screen says of an edit before it is saved: each total with each code, and what else follows."""

from collections.abc import Iterable, Sequence

from textual.content import Content

from services.domain.discount import Refusal
from services.domain.preview import Effect, OpenCheckout, Preview
from services.domain.pricing import PriceMode
from services.domain.quote import Quote
from tui.present import NOTHING, cents, count, untrusted
from tui.price_draft import Draft, Edit
from tui.screens.pricing_clock import LocalClock
from tui.screens.pricing_words import difference_lines
from tui.widgets.table import Row

# The matrix of modes and codes


def effect_key(effect: Effect) -> str:
    """What names the row of an effect."""
    return f"{effect.mode}:{effect.code.code if effect.code else ''}"


def effect_rows(effects: Iterable[Effect], charged: PriceMode) -> list[Row]:
    """Each mode with each code under it, now and after the edit; the mode that is charged comes first."""
    return [effect_row(effect, charged) for effect in sorted(effects, key=lambda effect: effect.mode is not charged)]


def effect_row(effect: Effect, charged: PriceMode) -> Row:
    """One total, now and after the edit, and what the code saves then."""
    value = "" if effect.code is None else f"−{effect.code.value_text}"
    saves = "" if effect.code is None or effect.new.refusal else cents(effect.saves_cents)
    label, off = _label(effect, charged), Content.styled(value, "$muted")
    return Row(effect_key(effect), [label, off, _now(effect.now), _new(effect), Content(saves)])


def _label(effect: Effect, charged: PriceMode) -> Content:
    if effect.code is None:
        mark = "▸ " if effect.mode is charged else "  "
        return Content.styled(f"{mark}{effect.mode}", "bold" if effect.mode is charged else "")
    return Content.assemble("   ", untrusted(effect.code.code))


def _now(quote: Quote) -> Content:
    return Content.styled("refused", "$muted") if _is_refused(quote) else Content(cents(quote.total_cents))


def _new(effect: Effect) -> Content:
    if _is_refused(effect.new):
        return Content.styled("refused", "$text-warning")
    if effect.warning is not None:
        return Content.styled(f"! {cents(effect.new.total_cents)}", "$text-warning")
    moved = _is_refused(effect.now) or effect.new.total_cents != effect.now.total_cents
    return Content.styled(cents(effect.new.total_cents), "bold" if moved else "")


def _is_refused(quote: Quote) -> bool:
    """Whether the code takes nothing off; one that leaves too little to charge has a total to show."""
    return quote.refusal is not None and quote.refusal is not Refusal.BELOW_MINIMUM


def unread_rows(effects: Iterable[Effect], charged: PriceMode) -> list[Row]:
    """The totals of now alone, while what is typed cannot be read."""
    rows = effect_rows(effects, charged)
    return [Row(row.key, [*row.cells[:3], Content(NOTHING), Content("")]) for row in rows]


def uncollectable(effects: Iterable[Effect]) -> str:
    """How many of the new totals could not be charged; empty where all can."""
    refused = sum(effect.warning is not None for effect in effects)
    return f"! {count(refused, 'total')} below $0.50" if refused else ""


def effect_detail(effect: Effect) -> Content:
    """How both totals come about, and why a checkout could not be made at the new one."""
    lines = []
    for label, quote in (("now", effect.now), ("new", effect.new)):
        lines.append(Content.assemble((f"{label}  ", "$muted"), untrusted(quote.explanation)))
        if quote.sentence is not None:
            lines.append(Content.assemble("     ", ("! ", "$text-warning"), untrusted(quote.sentence)))
    if effect.warning is not None and effect.new.sentence is None:
        lines.append(Content.assemble("     ", ("! ", "$text-warning"), effect.warning))
    return Content("\n").join(lines)


# What follows from an edit


def consequences(preview: Preview, draft: Draft, clock: LocalClock) -> list[Content]:
    """What an edit does beside its prices: what it ends, what comes after it, and who keeps an older price."""
    lines = [_warning(doubt.sentence) for doubt in preview.doubts]
    if draft.effective_at is not None:
        lines.append(Content.assemble(("Changes ", "$muted"), f"v{preview.base.version}, in force by then."))
    if preview.replaces_end_at is not None:
        end = clock.until(preview.replaces_end_at)
        lines.append(_warning(f"v{preview.base.version} no longer ends {end}."))
    if preview.returns is not None and draft.ends_at is not None:
        prices = preview.returns.prices
        back = f"{prices.mode} {cents(prices.in_force_cents)}, v{preview.returns.version}"
        lines.append(Content.assemble(("After ", "$muted"), f"{clock.until(draft.ends_at)}: {back}."))
    for change in preview.then:
        if change.effective_at is not None:
            planned = f"{change.prices.mode} {cents(change.prices.in_force_cents)}, v{change.version}"
            lines.append(Content.assemble(("Then ", "$muted"), f"{clock.at(change.effective_at)}: {planned}."))
    return [*lines, *kept_line(preview.kept, clock)]


def _warning(sentence: str) -> Content:
    return Content.assemble(("! ", "bold $text-warning"), (sentence, "$text-warning"))


def kept_line(kept: Sequence[OpenCheckout], clock: LocalClock, *, offer: bool = False) -> list[Content]:
    """How many open checkouts keep an older price, which, and for how long at most; nothing where none does.

    With `offer` it names the key that ends them.
    """
    if not kept:
        return []
    prices = sorted({checkout.base_cents for checkout in kept})
    which = cents(prices[0]) if len(prices) == 1 else "older prices"
    verb = "keeps" if len(kept) == 1 else "keep"
    ends = [checkout.expires_at for checkout in kept if checkout.expires_at is not None]
    last = f" until {clock.at(max(ends))}" if len(ends) == len(kept) else ""
    return [_warning(f"{count(len(kept), 'open checkout')} {verb} {which}{last}{': x expires them' if offer else ''}.")]


def effect_of(edit: Edit, preview: Preview, clock: LocalClock) -> Content:
    """The change before → after, line by line, with its time, its reason and its consequences."""
    draft = edit.draft
    start = "now" if draft.effective_at is None else clock.at(draft.effective_at)
    end = "further notice" if draft.ends_at is None else clock.until(draft.ends_at)
    lines = [
        *difference_lines(preview.base.prices, preview.after),
        Content(""),
        Content.assemble(("from    ", "$muted"), start, ("  until ", "$muted"), end, (f"  {clock.zone.key}", "$muted")),
        Content.assemble(("reason  ", "$muted"), untrusted(edit.reason)),
        *consequences(preview, draft, clock),
    ]
    return Content("\n").join(lines)
