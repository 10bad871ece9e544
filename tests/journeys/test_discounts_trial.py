"""Any code is tried against the price now: what a customer would be told, and why."""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import pytest
from textual.pilot import Pilot

from services.domain.discount import Refusal
from services.pricing_dynamic import DynamicPricingService
from services.sandbox import Sandbox
from tests.journeys.test_discounts import open_discounts
from tests.tui.checkout_scene import Scene, paid_order
from tests.tui.desks import screen_text, settle, type_text
from tui.app import PaydeskApp
from tui.screens.discounts_trial import CodeTrial


def answer(app: PaydeskApp) -> str:
    """What is said about the code that is tried, as one line."""
    region = app.screen.query_one(CodeTrial).answer.region
    lines = screen_text(app).splitlines()[region.y : region.bottom]
    return " ".join(" ".join(line[region.x : region.right] for line in lines).split())


async def try_code(pilot: Pilot[None], code: str, account: str = "") -> None:
    """By keys: a code, for an account where one is given."""
    await open_discounts(pilot)
    await pilot.press("t")
    await type_text(pilot, code)
    if account:
        await pilot.press("tab")
        await type_text(pilot, account)
        await settle(pilot)
        await pilot.press("enter")
    await settle(pilot)


def disabled(scene: Scene) -> None:
    scene.discounts.create("C1", percent_basis_points=1000)
    scene.discounts.set_active("C1", False)


def not_started(scene: Scene) -> None:
    start = scene.runtime.clock() + timedelta(days=1)
    scene.discounts.create("C1", percent_basis_points=1000, starts_at=start)


def expired(scene: Scene) -> None:
    scene.discounts.create("C1", percent_basis_points=1000, ends_at=scene.runtime.clock())


def min_amount(scene: Scene) -> None:
    scene.discounts.create("C1", percent_basis_points=1000, min_amount_cents=3000)


def not_stackable(scene: Scene) -> None:
    scene.discounts.create("C1", percent_basis_points=1000, stacks_on_launch=False)


def below_minimum(scene: Scene) -> None:
    scene.discounts.create("C1", amount_off_cents=2998)


def unknown(_scene: Scene) -> None:
    return


class Case(NamedTuple):
    """How a code comes to be refused by its own state, whoever asks."""

    make: Callable[[Scene], None]
    refusal: Refusal


BY_STATE = (
    Case(unknown, Refusal.UNKNOWN),
    Case(disabled, Refusal.DISABLED),
    Case(not_started, Refusal.NOT_STARTED),
    Case(expired, Refusal.EXPIRED),
    Case(min_amount, Refusal.MIN_AMOUNT),
    Case(not_stackable, Refusal.NOT_STACKABLE),
    Case(below_minimum, Refusal.BELOW_MINIMUM),
)
BY_USES = (Refusal.SOLD_OUT, Refusal.PER_ACCOUNT, Refusal.FIRST_PURCHASE)


def test_every_refusal_is_reached_here() -> None:
    assert {case.refusal for case in BY_STATE} | set(BY_USES) == set(Refusal)


@pytest.mark.parametrize("case", BY_STATE, ids=lambda case: case.refusal.value)
async def test_a_code_is_refused_with_its_sentence(scene: Scene, case: Case) -> None:
    case.make(scene)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await try_code(pilot, "c1")
        said = answer(app)
    assert said.startswith(f"✗ {case.refusal.sentence('C1')} Without it: $29.99. base 29.99 launch, ")


async def test_a_sold_out_code_is_refused_with_its_sentence(scene: Scene) -> None:
    scene.discounts.create("C1", percent_basis_points=1000, max_uses=1)
    await scene.payments.create_checkout_session(scene.maria.id, "C1")
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await try_code(pilot, "c1")
        said = answer(app)
    assert said.startswith(f"✗ {Refusal.SOLD_OUT.sentence('C1')}")
    assert said.endswith("base 29.99 launch, C1 not applied (sold_out), total 29.99")


async def test_a_code_is_judged_by_the_uses_of_the_account_that_is_chosen(scene: Scene) -> None:
    scene.discounts.create("C1", percent_basis_points=1000, per_account_limit=1)
    await scene.payments.create_checkout_session(scene.maria.id, "C1")
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await try_code(pilot, "c1")
        assert answer(app).startswith("✓ you pay $26.99 It depends on the account, too: choose one.")
        await pilot.press("tab")
        await type_text(pilot, "li.wei")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert answer(app).startswith("✓ you pay $26.99 base 29.99 launch, C1 −10 % = −3.00, total 26.99")
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await try_code(pilot, "c1", "maria")
        assert answer(app).startswith(f"✗ {Refusal.PER_ACCOUNT.sentence('C1')}")


async def test_a_code_for_the_first_purchase_is_refused_to_who_has_bought(scene: Scene, sandbox: Sandbox) -> None:
    scene.discounts.create("C1", percent_basis_points=1000, first_purchase_only=True)
    await paid_order(scene, sandbox, scene.maria)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await try_code(pilot, "c1", "maria")
        said = answer(app)
    assert said.startswith(f"✗ {Refusal.FIRST_PURCHASE.sentence('C1')}")


async def test_the_answer_follows_the_price(scene: Scene) -> None:
    scene.discounts.create("C1", percent_basis_points=1250)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await try_code(pilot, "c1")
        assert "base 29.99 launch, C1 −12.5 % = −3.75, total 26.24" in answer(app)
        DynamicPricingService.over(scene.runtime).change_prices(mode="sale", reason="black friday")
        await pilot.press("escape", "r")
        await settle(pilot)
        assert "base 24.99 sale, C1 −12.5 % = −3.12, total 21.87" in answer(app)
