"""What a preview shows is what checkouts then charge, for prices, modes and codes drawn at random."""

import asyncio
import random
from typing import Any

import pytest

from services.accounts import AccountService
from services.discounts import DiscountService
from services.domain.preview import Effect
from services.domain.pricing import PriceMode
from services.payments import PaymentService
from services.pricing_dynamic import DynamicPricingService
from services.runtime import Runtime
from tests.clock import ManualClock
from tests.fakes import FakeGateway
from tests.scale import measured, rounds

CODES = 2
SETTINGS = 500
AT_THE_SANDBOX = 50

pytestmark = pytest.mark.usefixtures("verified")


def drawn_prices(draw: random.Random) -> dict[str, Any]:
    """Three prices and a mode; small ones are as likely as any, for that is where roundings and minimums are."""
    highest = draw.choice((60, 500, 9_999, 99_999_999))
    return {
        "mode": draw.choice(list(PriceMode)),
        **{f"{mode}_cents": draw.randint(0, highest) for mode in PriceMode},
    }


def drawn_terms(draw: random.Random) -> dict[str, Any]:
    """A percentage or a fixed amount, half of them with a minimum amount, or not for the launch price."""
    value = (
        {"percent_basis_points": draw.randint(1, 10_000)}
        if draw.random() < 0.5
        else {"amount_off_cents": draw.randint(1, draw.choice((100, 5_000)))}
    )
    minimum = {"min_amount_cents": draw.randint(1, 5_000)} if draw.random() < 0.3 else {}
    return {**value, **minimum, "stacks_on_launch": draw.random() < 0.7}


def charged(desk: Runtime, account_id: int, code: str | None) -> int | str:
    """What a checkout charges at the provider, in cents; the sentence of its refusal where there is none."""
    payments = PaymentService.over(desk)
    result = asyncio.run(payments.create_checkout_session(account_id, code))
    if not result.success or result.order_id is None:
        return result.error or ""
    if result.transaction_id is None:
        return payments.get_order(result.order_id).draft.total_cents
    assert desk.gateway is not None
    return desk.gateway.retrieve_checkout_session(result.transaction_id).amount_total_cents


def promised(effect: Effect) -> int | str:
    return effect.new.sentence or effect.warning or effect.new.total_cents


def compare(desk: Runtime, seed: str) -> tuple[int, int]:
    """Draws a setting, previews it, puts it in force, and tries every checkout; how many were charged, and refused."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    pricing, discounts = DynamicPricingService.over(desk), DiscountService.over(desk)
    for number in range(CODES):
        discounts.create(f"{seed}_{number}", **drawn_terms(draw))
    wanted = drawn_prices(draw)
    preview = pricing.preview(**wanted, limit=CODES)
    assert pricing.change_prices(**wanted, expected_version=preview.base.version).prices == preview.after
    effects = [effect for effect in preview.effects if effect.mode is wanted["mode"]]
    assert len(effects) == 1 + CODES
    account_id = AccountService.over(desk).create(f"{seed}@example.com").id
    found = [charged(desk, account_id, effect.code.code if effect.code else None) for effect in effects]
    assert found == [promised(effect) for effect in effects], f"{wanted}: {effects}"
    paying = sum(isinstance(one, int) for one in found)
    return paying, len(found) - paying


def compare_all(desk: Runtime, name: str, settings: int) -> None:
    made = [compare(desk, f"{name}{number}") for number in range(settings)]
    paying, refused = (sum(counts) for counts in zip(*made, strict=True))
    assert paying > 0
    assert refused > 0
    measured(f"{desk.database.label}, {name}: {settings} settings, {paying} checkouts as previewed, {refused} refused")


def test_checkouts_charge_what_the_preview_shows(runtime: Runtime, clock: ManualClock) -> None:
    desk = Runtime(runtime.settings, runtime.database, FakeGateway(), clock, "anna")
    compare_all(desk, "FAKE", rounds(SETTINGS - AT_THE_SANDBOX))


def test_the_sandbox_charges_what_the_preview_shows(paying_runtime: Runtime) -> None:
    compare_all(paying_runtime, "SANDBOX", rounds(AT_THE_SANDBOX))
