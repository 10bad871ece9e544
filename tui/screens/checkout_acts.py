"""The dialogs over one order that move no money: ending its checkout, closing it, and trying it again."""

from functools import partial

from textual.app import ComposeResult
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from services.domain.checkout import Order, OrderPurpose, OrderStatus
from services.domain.text import check_text
from services.errors import Conflict
from tui.dialogs.dialog import Dialog, FormDialog
from tui.messages import BalanceChanged, DiscountChanged, Fact, OrderChanged
from tui.present import NOTHING, cents, signed_cents, untrusted
from tui.screens.checkout_calls import Created, ListedOrder, Quote, create
from tui.screens.checkout_money import close, expire, quote_again
from tui.screens.checkout_orders import account_content, state_content
from tui.screens.checkout_words import notice
from tui.widgets.field import Field
from tui.widgets.line_input import LineInput

LABEL_WIDTH = 20
LONGEST_REASON = 500


def labelled(label: str, content: Content | str) -> Content:
    """A line of an effect: what it is about, and what it is or becomes."""
    return Content.assemble((f"{label:<{LABEL_WIDTH}}", "$muted"), content)


def becomes(before_cents: int, after_cents: int) -> Content:
    """An amount before and after; one that stays is said to, and one below zero too."""
    if before_cents == after_cents:
        return Content.assemble(cents(after_cents), ("  as before", "$muted"))
    below = after_cents < 0
    after = (cents(after_cents), "bold $text-error" if below else "bold")
    return Content.assemble(cents(before_cents), " → ", after, ("  below zero", "$text-error") if below else "")


def lines(*parts: Content | str) -> Content:
    """Lines under each other, without the empty ones."""
    return Content("\n").join([part if isinstance(part, Content) else Content(part) for part in parts if part])


def who_and_what(listed: ListedOrder) -> Content:
    """Whose the order is, what for, and over how much."""
    draft = listed.order.draft
    purpose = "initial access" if draft.purpose is OrderPurpose.INITIAL_ACCESS else "top-up"
    return Content.assemble(account_content(listed).stylize("bold"), f"  {purpose}, {cents(draft.total_cents)}")


def changes(order: Order) -> list[Fact]:
    """What may be different once an order moved on."""
    facts: list[Fact] = [OrderChanged(order.id), BalanceChanged(order.draft.account_id)]
    return [*facts, DiscountChanged()] if order.draft.discount_code is not None else facts


def code_comes_back(order: Order) -> Content:
    """That the use of the order's code is free again; nothing where it has none."""
    if order.draft.discount_code is None:
        return Content("")
    return Content.assemble(untrusted(order.draft.discount_code, "bold"), " gets its use back.")


class ExpireDialog(Dialog[ListedOrder]):
    """Asks whether an open checkout shall end."""

    HELP = "End an open checkout at Stripe, so that it cannot be paid any more."
    CANCEL = "Keep it open"
    CONFIRM = "Expire it"
    DANGER = True

    def __init__(self, listed: ListedOrder) -> None:
        super().__init__()
        self._listed = listed

    def heading(self) -> str:
        """Which order."""
        return f"Expire order {self._listed.order.id}"

    def compose_body(self) -> ComposeResult:
        """Whose it is, and what happens to it."""
        order = self._listed.order
        states = Content.assemble(state_content(order.status), " → ", state_content(OrderStatus.EXPIRED))
        yield Static(
            lines(
                who_and_what(self._listed),
                states,
                Content.assemble("The customer can no longer pay. ", code_comes_back(order)),
                Content.styled("If the customer is faster, it is paid, and the result says so.", "$muted"),
            )
        )

    def confirm(self) -> None:
        """End it at Stripe."""
        order = self._listed.order
        if self.app.calls.write(
            self,
            self.heading(),
            partial(expire, order_id=order.id),
            facts=changes(order),
            done=self._done,
            failed=self.failed,
            told=notice,
        ):
            self.busy("Asking Stripe to end it")

    def _done(self, listed: ListedOrder) -> None:
        faster = listed.order.status is OrderStatus.PAID
        self.app.say(f"{'The customer was faster. ' if faster else ''}{notice(listed)}", warning=faster)
        self.dismiss(listed)


class CloseDialog(FormDialog[ListedOrder]):
    """Asks why an order that needs a person shall end."""

    HELP = "Close an order that needs a person. It fails by your decision, with your reason in the audit log."
    CONFIRM = "Close order"
    DANGER = True

    def __init__(self, listed: ListedOrder) -> None:
        super().__init__()
        self._listed = listed

    def heading(self) -> str:
        """Which order."""
        return f"Close order {self._listed.order.id}"

    def compose_body(self) -> ComposeResult:
        """Whose it is, what is wrong with it, what happens to it, and the field for the reason."""
        order = self._listed.order
        states = Content.assemble(state_content(order.status), " → ", state_content(OrderStatus.FAILED))
        yield Static(
            lines(
                who_and_what(self._listed),
                untrusted(order.status_reason or "", "$text-error"),
                Content.assemble(states, ". ", code_comes_back(order)),
                "No money moves: what Stripe has taken for it stays there until you refund it there.",
                " ",
            )
        )
        yield Field(
            "Reason", LineInput(placeholder="stands in the audit log", max_length=LONGEST_REASON), name="reason"
        )

    def confirm(self) -> None:
        """Close it, if there is a reason."""
        field = self.query_one(Field)
        reason = field.read(lambda text: check_text(text, field="reason", longest=LONGEST_REASON))
        if reason is None:
            field.control.focus()
            return
        order = self._listed.order
        if self.app.calls.write(
            self,
            self.heading(),
            partial(close, order_id=order.id, reason=reason),
            facts=changes(order),
            done=self.dismiss,
            failed=self.failed,
            told=notice,
        ):
            self.busy("Closing it")


class RetryDialog(Dialog[ListedOrder]):
    """Shows what an order that failed or expired would come to today, and creates it anew."""

    HELP = "Try an order again: a new one for the same account, purpose and code, at the price of today."
    CONFIRM = "Create checkout"
    DEFAULT_CSS = """
    RetryDialog .retry--quote { margin: 1 0 0 0; }
    """

    quote: reactive[Quote | None] = reactive(None)
    """What it comes to today; None: being read."""

    def __init__(self, listed: ListedOrder) -> None:
        super().__init__()
        self._listed = listed

    def heading(self) -> str:
        """Which order."""
        return f"Try order {self._listed.order.id} again"

    def compose_body(self) -> ComposeResult:
        """Whose it is, and the old and the new amounts."""
        order = self._listed.order
        yield Static(
            lines(
                who_and_what(self._listed),
                Content.assemble(f"Order {order.id} stays ", state_content(order.status), "; a new one is made."),
            )
        )
        yield Static(classes="retry--quote")

    def on_mount(self) -> None:
        """Read what it comes to."""
        self._read()

    def _read(self) -> None:
        self.query_one("#confirm").disabled = True
        self.app.calls.read(
            self, "quote", partial(quote_again, order=self._listed.order), self._take_quote, self.failed
        )

    def _take_quote(self, quote: Quote) -> None:
        self.quote = quote
        if quote.refusal is not None:
            self.failed(Conflict(f"{quote.refusal} It cannot be tried again as it was; n begins another."))
        self.query_one("#confirm").disabled = quote.refusal is not None

    def watch_quote(self, quote: Quote | None) -> None:
        """Show old and new."""
        for place in self.query(".retry--quote").results(Static):
            place.update(_old_and_new(self._listed.order, quote) if quote else Content.styled("Quoting …", "$muted"))

    def confirm(self) -> None:
        """Create it, at the price that is shown and no other."""
        if self.quote is None or self.quote.refusal is not None:
            return
        order = self._listed.order
        if self.app.calls.write(
            self,
            self.heading(),
            partial(create, wanted=self.quote.wanted, quoted_cents=self.quote.total_cents),
            facts=changes(order),
            done=self._done,
            failed=self.failed,
            told=lambda created: notice(created.listed) if created.listed else created.error or "Not created.",
        ):
            self.busy("Creating")

    def _done(self, created: Created) -> None:
        if created.listed is None:
            self._read()
            self.failed(Conflict(created.error or "The checkout was not created."))
        else:
            self.app.say(notice(created.listed), warning=created.error is not None)
            self.dismiss(created.listed)


def _old_and_new(order: Order, quote: Quote) -> Content:
    draft = order.draft
    label = "Amount" if quote.mode is None else "Price"
    modes = ""
    if quote.mode is not None and draft.price_mode is not None and quote.mode is not draft.price_mode:
        modes = f"  {draft.price_mode.value} → {quote.mode.value}"
    discount = Content("")
    if draft.discount_code is not None:
        new = signed_cents(-quote.discount_cents) if quote.discount_cents else NOTHING
        off = Content(f"{signed_cents(-draft.discount_cents)} → {new}")
        discount = Content.assemble(untrusted(f"{draft.discount_code:<{LABEL_WIDTH - 1}} ", "$muted"), off)
    return lines(
        labelled(label, becomes(draft.base_cents, quote.base_cents) + modes),
        discount,
        labelled("Customer pays", becomes(draft.total_cents, quote.total_cents)),
        labelled("Credited when paid", becomes(draft.credit_for(draft.total_cents), quote.credit_cents)),
    )
