"""An admin changes the terms of codes."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.discounts import CodeTerms, DiscountCode, DiscountService
from tests.journeys.test_discounts import open_discounts
from tests.tui.checkout_scene import Scene
from tests.tui.desks import screen_text, settle, type_text
from tui.app import PaydeskApp
from tui.dialogs.code_edit import EditCodeDialog
from tui.dialogs.new_code import NewCodeDialog
from tui.screens.discounts import DiscountsScreen
from tui.widgets.table import Table


@pytest.fixture
def discounts(scene: Scene) -> DiscountService:
    return scene.discounts


def flat(app: PaydeskApp) -> str:
    """What stands in the dialog, as one line: sentences go on where they were wrapped."""
    dialog = app.screen.query_one(".dialog").content_region
    lines = [line[dialog.x : dialog.right] for line in screen_text(app).splitlines()]
    return " ".join(" ".join(lines).split())


def stored(discounts: DiscountService, code: str) -> DiscountCode:
    """The code as it is stored."""
    found = discounts.get(code)
    assert found is not None
    return found


async def test_a_code_is_made_with_every_term(scene: Scene, discounts: DiscountService) -> None:
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_discounts(pilot)
        await pilot.press("n")
        for text in ("xmas", "12.5", "100", "1", "2026-12-01 09:00", "2026-12-24", "20"):
            await type_text(pilot, text)
            await pilot.press("enter")
        await type_text(pilot, "winter mailing")
        await settle(pilot)
        shown = screen_text(app)
        assert "= 25 Dec 00:00 UTC" in shown
        assert "Times are in Europe/London." in shown
        await pilot.press("shift+tab", "right", "shift+tab", "right", "ctrl+s")
        await settle(pilot)
        assert "✗ The code XMAS cannot be used yet." in screen_text(app)
    assert stored(discounts, "XMAS").terms == CodeTerms(
        percent_basis_points=1250,
        max_uses=100,
        per_account_limit=1,
        starts_at=datetime(2026, 12, 1, 9, tzinfo=UTC),
        ends_at=datetime(2026, 12, 25, tzinfo=UTC),
        min_amount_cents=2000,
        first_purchase_only=True,
        stacks_on_launch=False,
        note="winter mailing",
    )


async def test_terms_that_are_saved_again_do_not_drift(scene: Scene, discounts: DiscountService) -> None:
    terms = CodeTerms(
        amount_off_cents=1999,
        starts_at=datetime(2027, 10, 31, 1, 30, tzinfo=UTC),  # the second 01:30 of that night in London
        ends_at=datetime(2027, 11, 6, tzinfo=UTC),
        min_amount_cents=2001,
        stacks_on_launch=False,
    )
    discounts.create("NIGHT", amount_off_cents=1)
    discounts.edit("NIGHT", terms)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_discounts(pilot)
        await pilot.press("e")
        await settle(pilot)
        assert "2027-10-31 01:30+00:00" in screen_text(app)
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert isinstance(app.screen, DiscountsScreen)
    assert stored(discounts, "NIGHT").terms == terms


async def test_a_time_that_clocks_skip_is_refused_at_its_field_with_the_two_that_may_be_meant(scene: Scene) -> None:
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_discounts(pilot)
        await pilot.press("e")
        await settle(pilot)
        await pilot.press("enter", "enter", "enter")
        await type_text(pilot, "2027-03-28 01:30")
        await pilot.press("ctrl+s")
        await settle(pilot)
        shown = flat(app)
        assert "✗ 01:30 does not exist on 28 Mar 2027 in Europe/London" in shown
        assert "00:59 GMT (00:59 UTC) and 02:00 BST (01:00 UTC)" in shown
        assert isinstance(app.screen, EditCodeDialog)


async def test_what_a_used_code_takes_off_is_kept_and_a_duplicate_is_offered(
    scene: Scene, discounts: DiscountService
) -> None:
    await scene.payments.create_checkout_session(scene.maria.id, "LAUNCH10")
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_discounts(pilot)
        assert app.screen.query_one("#codes", Table).go_to("LAUNCH10")
        await settle(pilot)
        await pilot.press("e")
        await settle(pilot)
        shown = screen_text(app)
        assert "10 %  kept: orders were made with it" in shown
        assert "^n duplicate as new…" in shown
        await pilot.press("ctrl+n")
        await type_text(pilot, "launch20")
        await pilot.press("enter", "end", "backspace", "backspace")
        await type_text(pilot, "20")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert isinstance(app.screen, DiscountsScreen)
        assert app.screen.query_one("#codes", Table).key == "LAUNCH20"
    old = stored(discounts, "LAUNCH10").terms
    assert stored(discounts, "LAUNCH20").terms == replace(old, percent_basis_points=2000)


async def test_a_limit_below_the_uses_is_shown_as_over(scene: Scene, discounts: DiscountService) -> None:
    for account in (scene.maria, scene.li):
        await scene.payments.create_checkout_session(account.id, "LAUNCH10")
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_discounts(pilot)
        assert app.screen.query_one("#codes", Table).go_to("LAUNCH10")
        await settle(pilot)
        await pilot.press("e")
        await settle(pilot)
        await pilot.press("end", "backspace", "1")
        await settle(pilot)
        assert "2 taken: 1 over" in screen_text(app)
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert "1 over 1" in screen_text(app)
    assert stored(discounts, "LAUNCH10").uses_over == 1


async def test_a_duplicate_has_the_terms_of_its_source(scene: Scene, discounts: DiscountService) -> None:
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_discounts(pilot)
        await pilot.press("u")
        assert isinstance(app.screen, NewCodeDialog)
        await type_text(pilot, "again")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert app.screen.query_one("#codes", Table).key == "AGAIN"
    assert stored(discounts, "AGAIN").terms == stored(discounts, "ALMOST").terms


async def test_what_somebody_else_changed_is_shown_and_not_overwritten(
    scene: Scene, discounts: DiscountService
) -> None:
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_discounts(pilot)
        await pilot.press("e")
        await settle(pilot)
        theirs = replace(stored(discounts, "ALMOST").terms, max_uses=7)
        discounts.edit("ALMOST", theirs)
        await pilot.press("enter", "3", "ctrl+s")
        await settle(pilot)
        shown = flat(app)
        assert "The code ALMOST was changed in the meantime. Nothing was overwritten." in shown
        assert "max uses – → 7" in shown
        assert stored(discounts, "ALMOST").terms == theirs
        await pilot.press("ctrl+s")
        await settle(pilot)
    assert stored(discounts, "ALMOST").terms == replace(theirs, max_uses=3)
