"""The quote for a checkout: what it comes to, line by line, before anything is created."""

from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from services.domain.checkout import OrderPurpose
from tui.present import NOTHING, cents, signed_cents, untrusted
from tui.screens.checkout_calls import Quote


class QuotePanel(Widget):
    """What the customer pays and what is credited then; amounts at the right edge."""

    HELP = "Quote: what the customer pays, what is credited when it is paid, and the balance this leads to."
    DEFAULT_CSS = """
    QuotePanel { height: 100%; }
    """

    quote: reactive[Quote | None] = reactive(None)

    def __init__(self) -> None:
        super().__init__(classes="panel")
        self.border_title = Content("Quote")

    def watch_quote(self, quote: Quote | None) -> None:
        """Say in the border what paying does besides."""
        saved = quote is not None and quote.refusal is None and quote.total_cents > 0
        self.border_subtitle = Content("card is saved for top-ups") if saved else Content("")

    def render(self) -> RenderResult:
        """The lines, each with its amount at the right."""
        if self.quote is None:
            return Content("")
        width = self.content_size.width
        return Content("\n").join([_line(words, amount, width) for words, amount in quote_lines(self.quote)])


def quote_lines(quote: Quote) -> list[tuple[Content, Content]]:
    """The lines of a quote: words, and the amount they are about."""
    top_up = quote.wanted.purpose is OrderPurpose.TOP_UP
    if top_up and quote.wanted.amount_cents is None:
        return [(Content("top-up"), Content(NOTHING))]
    first = "top-up" if quote.mode is None else f"{quote.mode.value} price"
    lines = [(Content(first), Content(cents(quote.base_cents)))]
    if quote.code is not None:
        off = quote.code.value_text if quote.code.percent_basis_points is not None else "off"
        words = Content.assemble(untrusted(quote.code.code, "bold"), "  ", "−" if off != "off" else "", off)
        lines.append((words, Content(signed_cents(-quote.discount_cents))))
    if quote.refusal is not None:
        return [*lines, (Content.styled("cannot be created", "$text-error"), Content.styled(NOTHING, "$text-error"))]
    lines.append((Content.styled("customer pays", "bold"), Content.styled(cents(quote.total_cents), "bold")))
    lines.append((Content("credited when paid"), Content(cents(quote.credit_cents))))
    if quote.total_cents == 0:
        lines.append((Content.styled("completed here without Stripe", "$text-muted"), Content("")))
    elif quote.balance_cents is not None:
        then = cents(quote.balance_cents + quote.credit_cents)
        words = Content.styled(f"balance {cents(quote.balance_cents)} →", "$text-muted")
        lines.append((words, Content.styled(then, "$text-muted")))
    return lines


def _line(words: Content, amount: Content, width: int) -> Content:
    room = max(0, width - amount.cell_length - 1)
    return Content.assemble(words.truncate(room, ellipsis=True, pad=True), " " if amount else "", amount)
