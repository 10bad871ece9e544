"""An edit of the prices: what it is made on, what it sets from when until when, and what differs. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.domain.pricing import PriceChange, PriceMode, Prices
from tui.present import cents, change_percent


@dataclass(frozen=True)
class Draft:
    """Prices as they are typed, for the time from `effective_at` (None: now) to `ends_at` (None: further notice).

    `base` are the prices that are in force at that moment as far as is known: an edit changes those.
    """

    base: PriceChange
    prices: Prices
    effective_at: datetime | None = None
    ends_at: datetime | None = None

    @property
    def values(self) -> dict[str, Any]:
        """The edit as the pricing service takes it: only what it changes, so that a change of somebody else's stays."""
        before, after = self.base.prices, self.prices
        changed: dict[str, Any] = {
            f"{mode}_cents": after.of(mode) for mode in PriceMode if after.of(mode) != before.of(mode)
        }
        if after.mode is not before.mode or not changed:
            changed["mode"] = after.mode
        return {**changed, "effective_at": self.effective_at, "ends_at": self.ends_at}

    @property
    def changes_prices(self) -> bool:
        """Whether a price or the mode differs from what it is made on."""
        return self.prices != self.base.prices

    @property
    def is_touched(self) -> bool:
        """Whether anything is typed that is not in force anyway."""
        return self.changes_prices or self.effective_at is not None or self.ends_at is not None

    @property
    def does_something(self) -> bool:
        """Whether it can be saved: it changes prices, or keeps those that have an end for longer."""
        end = self.base.ends_at
        return self.changes_prices or (end is not None and (self.ends_at is None or self.ends_at > end))


@dataclass(frozen=True)
class Edit:
    """An edit that can be saved, and why it is made."""

    draft: Draft
    reason: str


@dataclass(frozen=True)
class Difference:
    """One line of an edit: what is changed, from what to what, and how far where it is an amount."""

    name: str
    before: str
    after: str
    far: str = ""


def differences(before: Prices, after: Prices) -> list[Difference]:
    """What an edit changes: the mode, then the prices that differ."""
    lines = []
    if before.mode is not after.mode:
        lines.append(Difference("mode", before.mode.value, after.mode.value))
    for mode in PriceMode:
        was, now = before.of(mode), after.of(mode)
        if was != now:
            lines.append(Difference(mode.value, cents(was), cents(now), change_percent(was, now)))
    return lines


def summary(before: Prices, after: Prices) -> str:
    """An edit on one line: `mode sale → launch, launch $24.99 → $29.99`."""
    return ", ".join(f"{line.name} {line.before} → {line.after}" for line in differences(before, after))


def latest_first(changes: Iterable[PriceChange]) -> list[PriceChange]:
    """Those of `changes` that count; of those whose moment has come and has not ended, the first is in force."""
    begun = [(change.effective_at, change.version, change) for change in changes if change.effective_at is not None]
    ordered = sorted(begun, key=lambda one: one[:2], reverse=True)
    return [change for _, _, change in ordered if change.withdrawn is None]


def in_force_at(moment: datetime, changes: Iterable[PriceChange], starting: PriceChange) -> PriceChange:
    """Which of `changes`, which come `latest_first`, is in force at a moment; `starting` where none is."""
    for change in changes:
        has_begun = change.effective_at is not None and change.effective_at <= moment
        if has_begun and (change.ends_at is None or moment < change.ends_at):
            return change
    return starting
