"""A field for an amount of money."""

from services.domain.money import parse_cents
from services.errors import InvalidInput
from tui.present import editable_cents
from tui.widgets.line_input import LineInput


class MoneyInput(LineInput):
    """An input that holds an amount as text, whatever was typed, and reads it as cents."""

    DEFAULT_CSS = """
    MoneyInput { width: 14; }
    """

    def __init__(self, cents: int | None = None, *, placeholder: str = "0.00", id: str | None = None) -> None:  # noqa: A002
        super().__init__("" if cents is None else editable_cents(cents), placeholder=placeholder, id=id)

    def parse(self) -> int:
        """The cents that are typed. Raises `InvalidInput` with the rule that the text breaks."""
        return parse_cents(self.value)

    @property
    def cents(self) -> int | None:
        """The cents that are typed; None while the text is not an amount."""
        try:
            return self.parse()
        except InvalidInput:
            return None

    def show(self, cents: int) -> None:
        """Put an amount into the field."""
        self.value = editable_cents(cents)
