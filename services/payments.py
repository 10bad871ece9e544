"""Payments: creating checkouts at Stripe and settling what became of them.

The order with its exact request is committed before Stripe is called, and the outcome after. Whatever is lost in
between is found out by sending the identical request under its stored key again.
"""

import asyncio
import dataclasses
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from services.accounts import AccountService
from services.clock import Clock
from services.domain.account import Account
from services.domain.checkout import Order, OrderDraft, OrderStatus, charge_refusal, checkout_request
from services.domain.money import format_cents, is_amount
from services.domain.text import check_text
from services.errors import (
    Conflict,
    GatewayDenied,
    GatewayRefused,
    GatewayUnreadable,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    StripeNotConfigured,
    TryAgain,
)
from services.gateways.ports import PaymentGateway
from services.orders import OrderService
from services.pricing_dynamic import DynamicPricingService
from services.runtime import Runtime, get_runtime
from services.settings import Settings
from services.settlement import Settlement

__all__ = ["CheckoutSession", "Order", "PaymentResult", "PaymentService", "get_payment_service"]


@dataclass(frozen=True)
class PaymentResult:
    """The outcome of a payment call: the link and Stripe's session id, or the error in a sentence.

    `field` names the argument that the error is about. With `success=False` and an `order_id` the order is stored,
    and its status says whether the outcome is known.
    """

    success: bool
    checkout_url: str | None = None
    transaction_id: str | None = None
    order_id: int | None = None
    error: str | None = None
    field: str | None = dataclasses.field(default=None, compare=False)


@dataclass(frozen=True)
class CheckoutSession:
    """An order's session at Stripe that waits for its customer."""

    session_id: str
    checkout_url: str
    amount_cents: int
    order_id: int


class PaymentService:
    """Creates checkouts and settles orders. The async methods do their work in a thread and never block the loop."""

    def __init__(
        self,
        pricing_service: DynamicPricingService,
        account_service: AccountService,
        order_service: OrderService,
        gateway: PaymentGateway | None,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self.pricing_service = pricing_service
        self.account_service = account_service
        self.order_service = order_service
        self.settlement = Settlement(order_service, gateway, clock)
        self.gateway = gateway
        self.settings = settings

    @classmethod
    def over(cls, runtime: Runtime) -> Self:
        """The service on a runtime's collaborators."""
        return cls(
            DynamicPricingService.over(runtime),
            AccountService.over(runtime),
            OrderService.over(runtime),
            runtime.gateway,
            runtime.settings,
            runtime.clock,
        )

    async def create_checkout_session(
        self,
        account_id: int,
        discount_code: str | None = None,
        success_url: str | None = None,
        cancel_url: str | None = None,
        *,
        expected_total_cents: int | None = None,
    ) -> PaymentResult:
        """A checkout for the initial purchase at the price in force; a code that cannot be used refuses it.

        So does a price that is no longer `expected_total_cents`, the total that somebody was quoted, where it is given.
        The URLs default to `{BASE_URL}/payment/success?session_id={CHECKOUT_SESSION_ID}` and `.../payment/cancel`.
        Raises `TryAgain` where the database could not store the order, before anything was sent to Stripe.
        """
        quote = partial(self._quote_initial, account_id, discount_code, expected_total_cents)
        return await asyncio.to_thread(self._create, account_id, quote, success_url, cancel_url)

    async def create_topup_checkout(
        self,
        account_id: int,
        amount_cents: int = 1000,
        success_url: str | None = None,
        cancel_url: str | None = None,
    ) -> PaymentResult:
        """A checkout that adds `amount_cents` to the account's balance when it is paid."""
        quote = partial(self._quote_topup, account_id, amount_cents)
        return await asyncio.to_thread(self._create, account_id, quote, success_url, cancel_url)

    async def refresh_order(self, order_id: int) -> Order:
        """The order after asking Stripe: settled if it is paid or expired, sent again if its outcome is unknown.

        Raises `NotFound`, `StripeNotConfigured`, `Conflict` for an order of the other mode, and what the gateway
        raises; the order's state is then as it was.
        """
        return await asyncio.to_thread(lambda: self.settlement.refresh(self.order_service.get(order_id)))

    async def expire_order(self, order_id: int) -> Order:
        """The order after its checkout was ended at Stripe: expired, or paid where the customer was first.

        Raises `NotFound`, `Conflict` where there is nothing to end, and what `refresh_order` raises.
        """
        return await asyncio.to_thread(lambda: self.settlement.expire(self.order_service.get(order_id)))

    def close_order(self, order_id: int, reason: str) -> Order:
        """Ends an order that needs a person, by the decision of one: it fails and its code is released; audited.

        A session that could still be paid is ended at Stripe first. Raises `NotFound`, `InvalidInput` without a reason,
        `Conflict` where it needs nobody's decision, and what the gateway raises.
        """
        why = check_text(reason, field="reason", longest=500)
        return self.settlement.close(self.order_service.get(order_id), why)

    def get_stored_payment_method(self, stripe_customer_id: str) -> str | None:
        """The id of the customer's saved payment method, the default one first; None without one."""
        if self.gateway is None:
            return None
        try:
            card = self.gateway.saved_card(stripe_customer_id)
        except GatewayRefused:
            return None
        return None if card is None else card.payment_method_id

    def get_order(self, order_id: int) -> Order:
        """The order. Raises `NotFound`."""
        return self.order_service.get(order_id)

    def list_orders(self, limit: int = 200, account_id: int | None = None) -> list[Order]:
        """The last `limit` orders, of all accounts or of one, newest first."""
        return self.order_service.newest(limit, account_id)

    def _create(
        self,
        account_id: int,
        quote: Callable[[PaymentGateway], OrderDraft],
        success_url: str | None,
        cancel_url: str | None,
    ) -> PaymentResult:
        try:
            gateway = self.settlement.gateway
            account = self.account_service.get(account_id)
            if account is None:
                raise NotFound(f"There is no account {account_id}.", field="account_id")
            order = self._store(account, quote(gateway), success_url, cancel_url, gateway.key_mark)
        except (InvalidInput, NotFound, Conflict, StripeNotConfigured) as error:
            return PaymentResult(False, error=error.sentence, field=error.field)
        return self._send_first(order)

    def _quote_initial(
        self, account_id: int, discount_code: str | None, expected_total_cents: int | None, gateway: PaymentGateway
    ) -> OrderDraft:
        code = discount_code.strip() if discount_code else None
        price = self.pricing_service.get_checkout_price(code or None)
        if price.refusal is not None:
            raise Conflict(price.refusal, field="discount_code")
        if expected_total_cents is not None and price.final_price_cents != expected_total_cents:
            raise Conflict(
                f"The price is {format_cents(price.final_price_cents)} now, no longer "
                f"{format_cents(expected_total_cents)}. Nothing was created.",
                field="expected_total_cents",
            )
        return OrderDraft.initial_access(
            account_id,
            price,
            currency=self.settings.currency,
            livemode=gateway.livemode,
            credit_cents=self.settings.initial_credit_cents,
        )

    def _quote_topup(self, account_id: int, amount_cents: int, gateway: PaymentGateway) -> OrderDraft:
        if not is_amount(amount_cents):
            raise InvalidInput("A top-up is a whole number of cents from 50.", field="amount")
        return OrderDraft.top_up(account_id, amount_cents, currency=self.settings.currency, livemode=gateway.livemode)

    def _store(
        self, account: Account, draft: OrderDraft, success_url: str | None, cancel_url: str | None, stripe_key: str
    ) -> Order:
        """Commits the order and its request, before anything is sent."""
        refusal = charge_refusal(draft.total_cents)
        if refusal is not None:
            raise InvalidInput(refusal, field="amount")
        base_url = self.settings.base_url
        success_url = _url(success_url, f"{base_url}/payment/success?session_id={{CHECKOUT_SESSION_ID}}")
        cancel_url = _url(cancel_url, f"{base_url}/payment/cancel")

        def request_for(order_id: int, reference: str) -> Mapping[str, Any]:
            return checkout_request(
                draft,
                order_id=order_id,
                reference=reference,
                product_name=self.settings.product_name,
                success_url=success_url,
                cancel_url=cancel_url,
                allow_promotion_codes=self.settings.allow_promotion_codes,
                stripe_customer_id=account.stripe_customer_in(livemode=draft.livemode),
            )

        return self.order_service.create(draft, request_for, stripe_key=stripe_key)

    def _send_first(self, order: Order) -> PaymentResult:
        """Sends a new order's request and says what came of it."""
        if order.status is OrderStatus.PAID:
            return PaymentResult(True, order_id=order.id)
        try:
            order = self.settlement.send(order)
        except GatewayDenied as error:
            # nothing was sent before, so the denial is the outcome
            with suppress(TryAgain, OutcomeUnknown):
                self.order_service.failed(order, error.sentence)
            return PaymentResult(False, order_id=order.id, error=error.sentence)
        except GatewayRefused as error:
            return PaymentResult(False, order_id=order.id, error=error.sentence)
        except TryAgain as error:
            kept = f"Nothing was charged. Order {order.id} is kept; refreshing it sends the same request again."
            return PaymentResult(False, order_id=order.id, error=f"{error.sentence} {kept}")
        except (OutcomeUnknown, GatewayUnreadable) as error:
            unknown = f"Whether the checkout exists is unknown; refreshing order {order.id} finds out."
            return PaymentResult(False, order_id=order.id, error=f"{error.sentence} {unknown}")
        session = checkout_session(order)
        if session is None:
            return PaymentResult(False, order_id=order.id, error=f"Order {order.id} is {order.status}.")
        return PaymentResult(True, session.checkout_url, session.session_id, order.id)


def checkout_session(order: Order) -> CheckoutSession | None:
    """The session that waits for the order's customer; None where there is none."""
    if order.status is not OrderStatus.OPEN or order.session_id is None or order.checkout_url is None:
        return None
    return CheckoutSession(order.session_id, order.checkout_url, order.draft.total_cents, order.id)


def _url(given: str | None, default: str) -> str:
    url = check_text(given if given is not None else default, field="url", longest=5000)
    if not url.startswith(("http://", "https://")):
        raise InvalidInput("A return address starts with http:// or https://.", field="url")
    return url


def get_payment_service() -> PaymentService:
    """The payment service of this process."""
    return PaymentService.over(get_runtime())
