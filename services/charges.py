"""Charges: topping up with the saved card while its customer is away.

A charge is an order like any other: stored with its request and key before Stripe is asked, credited once by what
Stripe reports of it afterwards.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

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
    IdempotencyConflict,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    PaydeskError,
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
        `idempotency_key` again is the same charge: what became of it is found out, and the card is not charged again.
        Raises `TryAgain` and `OutcomeUnknown` where the database could not store it, before anything was sent.
        """
        try:
            _check_amount(amount_cents)
            key = f"charge_{check_text(idempotency_key, field='idempotency_key', longest=248)}"
            order, is_new = self.order_service.made_by(key), False
            if order is None:
                order, is_new = self._store(self._agreed(account_id, payment_method_id), amount_cents, key)
            asked = (account_id, amount_cents, payment_method_id)
            if (order.draft.account_id, order.draft.total_cents, order.request["payment_method"]) != asked:
                raise IdempotencyConflict("This idempotency key was used for another charge.", field="idempotency_key")
        except (InvalidInput, NotFound, Conflict, StripeNotConfigured, GatewayError) as error:
            return ChargeResult(ChargeOutcome.REFUSED, error=error.sentence, field=error.field)
        return self._outcome(order, self._send_first(order) if is_new else self._refresh(order))

    def _agreed(self, account_id: int, payment_method_id: str) -> SavedCard:
        """The account's card, if it is the one that was agreed to. Raises `Conflict` and `GatewayError`."""
        try:
            saved = self.saved_card(account_id)
        except (GatewayError, TryAgain, OutcomeUnknown) as error:
            raise GatewayError(f"{error.sentence} Nothing was charged.") from error
        if saved is None:
            raise Conflict(f"Account {account_id} has no saved card. A checkout saves one.", field="account_id")
        if saved.card.payment_method_id != payment_method_id:
            raise Conflict("The customer's card is another one now. Nothing was charged.", field="payment_method_id")
        return saved

    def _store(self, saved: SavedCard, amount_cents: int, idempotency_key: str) -> tuple[Order, bool]:
        """Commits the order and its request, before anything is sent; also tells whether it is new."""
        draft = OrderDraft.top_up(
            saved.account_id,
            amount_cents,
            currency=self.settings.currency,
            livemode=saved.livemode,
            channel=Channel.SAVED_CARD,
        )
        title = purpose_title(OrderPurpose.TOP_UP, self.settings.product_name)
        made: set[str] = set()

        def request_for(order_id: int, reference: str) -> Mapping[str, Any]:
            made.add(reference)
            return charge_request(draft, saved, order_id=order_id, reference=reference, description=title)

        order = self.order_service.create(
            draft, request_for, stripe_key=self.settlement.gateway.key_mark, idempotency_key=idempotency_key
        )
        return order, order.reference in made

    def _send_first(self, order: Order) -> str | None:
        """Sends a new charge and settles it; what is known where it could not be settled now, or None."""
        try:
            order = self.settlement.send(order)
        except GatewayDenied as error:
            # nothing was sent before, so the denial is the outcome
            with suppress(TryAgain, OutcomeUnknown):
                self.order_service.failed(order, error.sentence)
            return _unknown(order, error)
        except TryAgain as error:
            return f"{error.sentence} Nothing was charged yet; checking order {order.id} sends the same request again."
        except (GatewayError, OutcomeUnknown) as error:
            return _unknown(order, error)
        return self._refresh(order)

    def _refresh(self, order: Order) -> str | None:
        """Finds out about a charge that was sent; what is known where that could not be done now, or None."""
        try:
            self.settlement.refresh(order)
        except (GatewayError, TryAgain, OutcomeUnknown, Conflict, StripeNotConfigured) as error:
            return _unknown(order, error)
        return None

    def _outcome(self, order: Order, error: str | None) -> ChargeResult:
        # Where it cannot be read now, the order is as it was when it was sent: unknown, and kept.
        with suppress(TryAgain):
            order = self.order_service.get(order.id)
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
                return ChargeResult(ChargeOutcome.UNKNOWN, order, error or _unknown(order))

    def _account(self, account_id: int) -> Account:
        account = self.account_service.get(account_id)
        if account is None:
            raise NotFound(f"There is no account {account_id}.", field="account_id")
        return account


def _check_amount(amount_cents: int) -> None:
    if not is_amount(amount_cents):
        raise InvalidInput("A top-up is a whole number of cents from 50.", field="amount")
    refusal = charge_refusal(amount_cents)
    if refusal is not None:
        raise InvalidInput(refusal, field="amount")


def _unknown(order: Order, error: PaydeskError | None = None) -> str:
    unknown = f"Whether the card was charged is not known yet; checking order {order.id} finds out."
    return f"{error.sentence} {unknown}" if error else unknown


def get_charge_service() -> ChargeService:
    """The charge service of this process."""
    return ChargeService.over(get_runtime())
