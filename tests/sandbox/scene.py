"""What the sandbox's tests share: a clock to move, the real SDK's client, and the request that paydesk sends."""

from datetime import UTC, datetime, timedelta
from typing import Any

import stripe

from services.domain.checkout import OrderDraft, OrderPurpose, checkout_request
from services.domain.pricing import PriceMode
from services.sandbox import Sandbox


class MovableClock:
    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def move(self, by: timedelta) -> None:
        self.moment += by

    @property
    def seconds(self) -> int:
        return int(self.moment.timestamp())


def client_of(sandbox: Sandbox, secret_key: str | None = None) -> stripe.StripeClient:
    return stripe.StripeClient(
        secret_key or sandbox.secret_key,
        base_addresses={"api": sandbox.api_base},
        http_client=stripe.RequestsClient(timeout=5),
        max_network_retries=0,
    )


def access_request(
    *, total_cents: int = 2999, customer_id: str | None = None, promotion_codes: bool = True
) -> dict[str, Any]:
    draft = OrderDraft(
        account_id=7,
        purpose=OrderPurpose.INITIAL_ACCESS,
        currency="usd",
        livemode=False,
        price_version=None,
        price_mode=PriceMode.LAUNCH,
        base_cents=total_cents,
        discount_code=None,
        discount_cents=0,
        total_cents=total_cents,
        credit_cents=0,
    )
    return checkout_request(
        draft,
        order_id=42,
        reference="order-42",
        product_name="Thunderbird Access",
        success_url="http://localhost:8000/payment/success?session_id={CHECKOUT_SESSION_ID}",
        cancel_url="http://localhost:8000/payment/cancel",
        allow_promotion_codes=promotion_codes,
        stripe_customer_id=customer_id,
    )
