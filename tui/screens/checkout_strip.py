"""The selected order in a few lines under the list: its link while it waits for its customer, else what came of it."""

from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from services.domain.checkout import OrderStatus
from tui.desk import Environment
from tui.present import untrusted
from tui.screens.checkout_calls import ListedOrder
from tui.screens.checkout_orders import Watched
from tui.screens.checkout_words import where_it_stands

TEST_CARDS = (("4242 4242 4242 4242", "pays"), ("4000 0000 0000 0002", "declined"), ("4000 0025 0000 3155", "asks"))
"""Cards that Stripe has for trying: the last one asks its holder to authenticate.
Source: https://docs.stripe.com/testing"""


class OrderStrip(Widget):
    """The link, whole and wrapped, with the test cards beside it; or the state of the order in a sentence."""

    DEFAULT_CSS = """
    OrderStrip { height: auto; min-height: 3; padding: 0 1; }
    """

    listed: reactive[ListedOrder | None] = reactive(None, layout=True)
    watched: reactive[Watched] = reactive(Watched())
    environment: reactive[Environment | None] = reactive(None, layout=True)

    def render(self) -> RenderResult:
        """The lines."""
        if self.listed is None:
            return Content("")
        lines = [where_it_stands(self.listed, self.watched)]
        if self.listed.order.checkout_url is not None and self.listed.order.status is OrderStatus.OPEN:
            lines.append(untrusted(self.listed.order.checkout_url, "$text-primary"))
            if self.environment in ("TEST", "SANDBOX"):
                lines.append(_cards(self.size.width))
        return Content("\n").join(lines)


def _cards(width: int) -> Content:
    wide = width >= 90
    parts = [
        Content.assemble((number if wide else number.replace(" ", ""), "bold"), (f" {does}", "$text-muted"))
        for number, does in TEST_CARDS
    ]
    head = Content.styled("test cards  " if wide else "", "$text-muted")
    return Content.assemble(head, Content.styled(" · ", "$text-muted").join(parts))
