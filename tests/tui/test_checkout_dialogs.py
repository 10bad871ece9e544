"""How the dialogs over orders and findings look, at the smallest usual size and on a wide screen."""

import re
from collections.abc import Awaitable, Callable, Iterator

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from services.domain.card import Card
from services.domain.charge import AUTHENTICATION_REQUIRED
from services.domain.refund import StripeRefund
from services.errors import CardDeclined
from services.pricing_dynamic import DynamicPricingService
from services.reconciliation import ReconciliationService
from tests.clock import ManualClock
from tests.proof import assert_verified
from tests.tui.checkout_scene import Scene, ScriptedStripe, scene_on
from tests.tui.desks import settle, type_text
from tests.tui.snapshot import picture
from tui.app import PaydeskApp
from tui.dialogs.sandbox import SandboxDialog

SMALL, WIDE = (80, 24), (120, 40)
VISA = Card("pm_1", "visa", "4242", 11, 2027)


@pytest.fixture
def stripe(clock: ManualClock) -> ScriptedStripe:
    return ScriptedStripe(clock=clock, now=clock(), cards={"cus_1": VISA})


@pytest.fixture
def scene(sqlite_url: str, clock: ManualClock, stripe: ScriptedStripe) -> Iterator[Scene]:
    scene = scene_on(sqlite_url, clock, stripe)
    yield scene
    scene.runtime.database.close()


async def bought(scene: Scene, stripe: ScriptedStripe) -> str:
    """An order with a code that was paid with a card, and Stripe's id of its payment."""
    result = await scene.payments.create_checkout_session(scene.maria.id, "LAUNCH10")
    stripe.pay(str(result.transaction_id), card=VISA)
    order = await scene.payments.refresh_order(result.order_id or 0)
    assert order.payment_intent_id is not None
    return order.payment_intent_id


async def expire(scene: Scene, _stripe: ScriptedStripe, _pilot: Pilot[None]) -> str:
    await scene.payments.create_checkout_session(scene.maria.id, "LAUNCH10")
    return "x"


async def close(scene: Scene, stripe: ScriptedStripe, _pilot: Pilot[None]) -> str:
    result = await scene.payments.create_checkout_session(scene.maria.id, "LAUNCH10")
    stripe.change(str(result.transaction_id), amount_total_cents=2499)
    await scene.payments.refresh_order(result.order_id or 0)
    return "X"


async def retry(scene: Scene, _stripe: ScriptedStripe, _pilot: Pilot[None]) -> str:
    result = await scene.payments.create_checkout_session(scene.maria.id, "LAUNCH10")
    await scene.payments.expire_order(result.order_id or 0)
    DynamicPricingService.over(scene.runtime).change_prices(mode="rrp")
    return "t"


async def refund(scene: Scene, stripe: ScriptedStripe, _pilot: Pilot[None]) -> str:
    await bought(scene, stripe)
    scene.balance.deduct(scene.maria.id, 2000, "SMS")
    return "f"


async def charge(scene: Scene, stripe: ScriptedStripe, _pilot: Pilot[None]) -> str:
    await bought(scene, stripe)
    return "b"


async def link(scene: Scene, stripe: ScriptedStripe, _pilot: Pilot[None]) -> str:
    await bought(scene, stripe)
    sentence = "Stripe refused: Your card was declined. This transaction requires authentication."
    stripe.lose.append(CardDeclined(sentence, decline_code=AUTHENTICATION_REQUIRED))
    return "b ctrl+s"


async def findings(scene: Scene, stripe: ScriptedStripe, _pilot: Pilot[None]) -> str:
    payment = await bought(scene, stripe)
    stripe.refunded["dashboard"] = StripeRefund("re_9", 500, "usd", "succeeded", payment, None, None)
    stripe.happen("charge.refunded", payment_intent_id=payment)
    assert len(ReconciliationService.over(scene.runtime).reconcile().findings) == 1
    return "F"


async def finding(scene: Scene, stripe: ScriptedStripe, pilot: Pilot[None]) -> str:
    await findings(scene, stripe, pilot)
    return "F enter"


async def note(scene: Scene, stripe: ScriptedStripe, pilot: Pilot[None]) -> str:
    await findings(scene, stripe, pilot)
    return "F enter n"


async def no_findings(_scene: Scene, _stripe: ScriptedStripe, _pilot: Pilot[None]) -> str:
    return "F r"


async def refunded(scene: Scene, stripe: ScriptedStripe, _pilot: Pilot[None]) -> str:
    await bought(scene, stripe)
    assert scene.refunds.refund(1, 500, "a bad week").success
    return "enter"


async def sandbox(_scene: Scene, _stripe: ScriptedStripe, pilot: Pilot[None]) -> str:
    pilot.app.push_screen(SandboxDialog("http://127.0.0.1:12111/control/0123456789abcdef"))
    return ""


Steps = Callable[[Scene, ScriptedStripe, Pilot[None]], Awaitable[str]]


def without_random_ids(app: PaydeskApp) -> str:
    """The picture of the screen, without what an order's reference and key are made up of: whole, or the tail of one
    that looks out from behind a dialog."""
    return re.sub(r"(?<![#0-9a-f])[0-9a-f]{5,}|(?<=>)[0-9a-f]{1,4}(?=<)", "…", picture(app))


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["small", "wide"])
@pytest.mark.parametrize(
    "steps",
    [expire, close, retry, refund, charge, link, findings, finding, note, no_findings, refunded, sandbox],
)
async def test_a_dialog_looks_as_it_did(
    scene: Scene, stripe: ScriptedStripe, svg: SnapshotAssertion, steps: Steps, size: tuple[int, int]
) -> None:
    app = scene.app()
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        keys = await steps(scene, stripe, pilot)
        await pilot.press("r")
        await settle(pilot)
        for key in keys.split():
            await pilot.press(key)
            await settle(pilot)
        assert without_random_ids(app) == svg
    assert_verified(scene.runtime)


async def test_the_keys_are_in_palette_and_footer_only_where_they_do_something(
    scene: Scene, stripe: ScriptedStripe
) -> None:
    await bought(scene, stripe)
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        offered = {bound.binding.action for bound in app.screen.active_bindings.values() if bound.enabled}
        assert {"refund_order", "charge_card", "show_findings", "open_ledger"} <= offered
        assert not {"expire_order", "close_order", "retry_order", "open_link", "show_qr"} & offered
        await pilot.press("ctrl+p")
        await type_text(pilot, "refund")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert type(app.screen).__name__ == "RefundDialog"
