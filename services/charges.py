"""Charges: topping up with the saved card while its customer is away.

A charge is an order like any other: stored with its request and key before Stripe is asked, credited once by what
Stripe reports of it afterwards.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from services.accounts import AccountService
from services.domain.account import Account
from services.domain.card import Card, SavedCard
from services.domain.charge import AUTHENTICATION_REQUIRED, charge_request
from services.domain.checkout import (
    Channel,
    Order,
    OrderDraft,
    OrderPurpose,
    OrderStatus,
    charge_refusal,
    purpose_title,
)
from services.domain.money import is_amount
from services.domain.text import check_text
from services.errors import (
    Conflict,
    GatewayDenied,
    GatewayError,
    GatewayRefused,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    StripeNotConfigured,
    TryAgain,
)
from services.orders import OrderService
from services.runtime import Runtime, get_runtime
from services.settings import Settings
from services.settlement import Settlement

__all__ = ["Card", "ChargeOutcome", "ChargeResult", "ChargeService", "SavedCard", "get_charge_service"]


class ChargeOutcome(StrEnum):
    """What came of a charge. REFUSED: it was not attempted, and nothing is stored."""

    CREDITED = "credited"
    DECLINED = "declined"
    NEEDS_CUSTOMER = "needs_customer"
    UNKNOWN = "unknown"
    REFUSED = "refused"


@dataclass(frozen=True)
class ChargeResult:
    """The outcome of a charge, its order where one is stored, and the reason in a sentence where it is not credited.

    `field` names the argument that the error is about.
    """

    outcome: ChargeOutcome
    order: Order | None = None
    error: str | None = None
    field: str | None = field(default=None, compare=False)


class ChargeService:
    """Charges saved cards."""

    def __init__(
        self,
        account_service: AccountService,
        order_service: OrderService,
        settlement: Settlement,
        settings: Settings,
    ) -> None:
        self.account_service = account_service
        self.order_service = order_service
        self.settlement = settlement
        self.settings = settings

    @classmethod
    def over(cls, runtime: Runtime) -> Self:
        """The service on a runtime's collaborators."""
        return cls(AccountService.over(runtime), OrderService.over(runtime), Settlement.over(runtime), runtime.settings)

    def saved_card(self, account_id: int) -> SavedCard | None:
        """The account's card in the mode of the Stripe key, as Stripe has it now; None without one.

        The customer's default card comes before the one that was saved last. Raises `NotFound`, `StripeNotConfigured`
        and what the gateway raises.
        """
        account = self._account(account_id)
        gateway = self.settlement.gateway
        customer_id = account.stripe_customer_in(livemode=gateway.livemode)
        if customer_id is None:
            return None
        card = gateway.saved_card(customer_id)
        if card is None:
            return None
        saved = SavedCard(account.id, customer_id, gateway.livemode, card)
        if saved != self.order_service.saved_card(account.id):
            self.order_service.keep_card(saved)
        return saved

    def last_card(self, account_id: int) -> SavedCard | None:
        """The account's card as this desk knows it, without asking Stripe; None without one."""
        return self.order_service.saved_card(account_id)

    def charge(
        self, account_id: int, amount_cents: int, *, payment_method_id: str, idempotency_key: str
    ) -> ChargeResult:
        """Tops an account up by `amount_cents` from its saved card, at once and without its customer.

        `payment_method_id` is the card that a person agreed to charge; another one by now refuses the charge. The same
        `idempotency_key` again is the same charge. Raises `TryAgain` and `OutcomeUnknown` where the database could not
        store it, before anything was sent to Stripe.
        """
        try:
            if not is_amount(amount_cents):
                raise InvalidInput("A top-up is a whole number of cents from 50.", field="amount")
            refusal = charge_refusal(amount_cents)
            if refusal is not None:
                raise InvalidInput(refusal, field="amount")
            key = check_text(idempotency_key, field="idempotency_key", longest=255)
            saved = self._agreed(account_id, payment_method_id)
        except (InvalidInput, NotFound, Conflict, StripeNotConfigured) as error:
            return ChargeResult(ChargeOutcome.REFUSED, error=error.sentence, field=error.field)
        except (GatewayError, TryAgain, OutcomeUnknown) as error:
            return ChargeResult(ChargeOutcome.REFUSED, error=f"{error.sentence} Nothing was charged.")
        try:
            order = self._store(saved, amount_cents, key)
        except Conflict as error:
            return ChargeResult(ChargeOutcome.REFUSED, error=error.sentence, field=error.field)
        return self._outcome(order.id, self._send(order))

    def _agreed(self, account_id: int, payment_method_id: str) -> SavedCard:
        saved = self.saved_card(account_id)
        if saved is None:
            raise Conflict(f"Account {account_id} has no saved card. A checkout saves one.", field="account_id")
        if saved.card.payment_method_id != payment_method_id:
            raise Conflict("The customer's card is another one now. Nothing was charged.", field="payment_method_id")
        return saved

    def _store(self, saved: SavedCard, amount_cents: int, idempotency_key: str) -> Order:
        """Commits the order and its request, before anything is sent."""
        draft = OrderDraft.top_up(
            saved.account_id,
            amount_cents,
            currency=self.settings.currency,
            livemode=saved.livemode,
            channel=Channel.SAVED_CARD,
        )
        title = purpose_title(OrderPurpose.TOP_UP, self.settings.product_name)
        return self.order_service.create(
            draft,
            lambda order_id, reference: charge_request(
                draft, saved, order_id=order_id, reference=reference, description=title
            ),
            stripe_key=self.settlement.gateway.key_mark,
            idempotency_key=f"charge_{idempotency_key}",
        )

    def _send(self, order: Order) -> str | None:
        """Sends a charge and settles it; why it could not be settled now, or None."""
        if order.status not in (OrderStatus.CREATED, OrderStatus.OPEN):
            return None
        try:
            if order.status is OrderStatus.CREATED:
                order = self.settlement.send(order)
            self.settlement.refresh(order)
        except GatewayDenied as error:
            # a charge that was never sent before; one that was keeps its outcome for the right key to find out
            if order.status is OrderStatus.CREATED:
                with suppress(TryAgain, OutcomeUnknown):
                    self.order_service.failed(order, error.sentence)
            return error.sentence
        except GatewayRefused as error:
            return error.sentence
        except (GatewayError, TryAgain, OutcomeUnknown) as error:
            return error.sentence
        return None

    def _outcome(self, order_id: int, error: str | None) -> ChargeResult:
        order = self.order_service.get(order_id)
        match order.status:
            case OrderStatus.PAID:
                return ChargeResult(ChargeOutcome.CREDITED, order)
            case OrderStatus.FAILED if order.decline_code == AUTHENTICATION_REQUIRED:
                return ChargeResult(
                    ChargeOutcome.NEEDS_CUSTOMER,
                    order,
                    "The bank wants to see the customer: send them a checkout link for the same amount.",
                )
            case OrderStatus.FAILED:
                return ChargeResult(ChargeOutcome.DECLINED, order, order.status_reason)
            case _:
                unknown = f"Whether the card was charged is not known yet; checking order {order.id} finds out."
                return ChargeResult(ChargeOutcome.UNKNOWN, order, f"{error} {unknown}" if error else unknown)

    def _account(self, account_id: int) -> Account:
        account = self.account_service.get(account_id)
        if account is None:
            raise NotFound(f"There is no account {account_id}.", field="account_id")
        return account


def get_charge_service() -> ChargeService:
    """The charge service of this process."""
    return ChargeService.over(get_runtime())
