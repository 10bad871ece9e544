"""A gateway that one thing befalls, once."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from services.domain.charge import StripeIntent
from services.domain.checkout import StripeSession
from services.domain.refund import StripeRefund
from services.errors import GatewayDenied, GatewayRefused, OutcomeUnknown
from services.gateways.ports import PaymentGateway
from tests.fakes import GatewayOver

T = TypeVar("T")


class Fated(GatewayOver):
    """Another gateway, whose next creation or retrieval meets its `fate`; `met` counts those that did, by name.

    A creation may be `lost` (made, and the answer lost), `silent` (never arrived), `refused` or `denied`; a retrieval
    may `lie` about the currency. `fine` is none.
    """

    def __init__(self, inner: PaymentGateway) -> None:
        super().__init__(inner)
        self.fate = "fine"
        self.met: dict[str, int] = {}

    def create_checkout_session(self, request: Mapping[str, Any], idempotency_key: str) -> StripeSession:
        return self._create(partial(super().create_checkout_session, request, idempotency_key))

    def create_payment_intent(self, request: Mapping[str, Any], idempotency_key: str) -> StripeIntent:
        return self._create(partial(super().create_payment_intent, request, idempotency_key))

    def create_refund(self, request: Mapping[str, Any], idempotency_key: str) -> StripeRefund:
        return self._create(partial(super().create_refund, request, idempotency_key))

    def retrieve_checkout_session(self, session_id: str) -> StripeSession:
        session = super().retrieve_checkout_session(session_id)
        return replace(session, currency="eur") if self._meets("lie") else session

    def retrieve_payment_intent(self, payment_intent_id: str) -> StripeIntent:
        intent = super().retrieve_payment_intent(payment_intent_id)
        return replace(intent, currency="eur") if self._meets("lie") else intent

    def _create(self, create: Callable[[], T]) -> T:
        if self._meets("silent"):
            raise OutcomeUnknown("Stripe did not answer.")
        if self._meets("refused"):
            raise GatewayRefused("Stripe refused: Not today.")
        if self._meets("denied"):
            raise GatewayDenied("Stripe does not accept the key.")
        if not self._meets("lost"):
            return create()
        try:
            create()
        finally:
            raise OutcomeUnknown("Stripe did not answer.")

    def _meets(self, fate: str) -> bool:
        if self.fate != fate:
            return False
        self.fate = "fine"
        self.met[fate] = self.met.get(fate, 0) + 1
        return True
