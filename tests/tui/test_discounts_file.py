"""Codes that were made, and whose file could not be finished."""

from pathlib import Path

import pytest

from services.discounts import CodeTerms, DiscountService
from services.errors import Conflict
from services.runtime import Runtime
from tui.code_file import CodeBatch, generate_to_file
from tui.desk import Desk

TERMS = CodeTerms(percent_basis_points=1000)


class OvertakenDiscounts(DiscountService):
    """Codes of a desk at which, while they are made, somebody else takes the name of their file."""

    file: Path

    def generate(self, count: int, terms: CodeTerms, prefix: str, pattern: str = "########") -> list[str]:
        codes = super().generate(count, terms, prefix, pattern)
        self.file.write_text("somebody else's")
        return codes


def test_codes_whose_file_was_overtaken_are_told_of_and_found(runtime: Runtime, tmp_path: Path) -> None:
    discounts = OvertakenDiscounts.over(runtime)
    discounts.file = tmp_path / "codes.csv"
    desk = Desk(lambda: runtime)
    desk.discounts = discounts
    with pytest.raises(Conflict, match=r"3 codes were made and can be used, but their file was not: .* exists already"):
        generate_to_file(desk, CodeBatch(3, "P-", "######"), TERMS, discounts.file)
    assert len(discounts.search("P-")) == 3
    assert [file.name for file in tmp_path.iterdir() if file.suffix in (".csv", ".part")] == ["codes.csv"]
    assert discounts.file.read_text() == "somebody else's"
