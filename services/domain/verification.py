"""What a verification of the stored rows counts and finds."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Break:
    """The first place where one kind of check fails: `code` names the check, `sentence` says what is there and what is
    expected. The ids are those of the rows concerned, where there are any.
    """

    code: str
    sentence: str
    account_id: int | None = None
    order_id: int | None = None
    entry_id: int | None = None


@dataclass(frozen=True)
class Counted:
    """How many rows a verification went through; `sealed_entries` are those that are what was sealed."""

    accounts: int
    entries: int
    orders: int
    refunds: int
    discount_codes: int
    redemptions: int
    price_changes: int
    audit_rows: int
    sealed_entries: int = 0


@dataclass(frozen=True)
class Verification:
    """What was verified: the rows, by how many checks, and the first break of each kind, in the order of the checks."""

    counted: Counted
    checks: int
    breaks: tuple[Break, ...]

    @property
    def holds(self) -> bool:
        """Whether everything adds up."""
        return not self.breaks

    @property
    def sentence(self) -> str:
        """The result with what was counted, for a person."""
        result = "Everything adds up" if self.holds else "Not everything adds up"
        rows = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in asdict(self.counted).items())
        return f"{result}. Checks {self.checks}, breaks {len(self.breaks)}, {rows}."
