"""From an order to the entry that it made, from there to the order, and back again."""

from services.sandbox import Sandbox
from tests.tui.checkout_scene import Scene, paid_order
from tests.tui.desks import screen_text, settle
from tui.screens.balances import BalancesScreen
from tui.screens.balances_entry import EntryDialog
from tui.screens.checkout import CheckoutScreen


async def test_an_order_leads_to_its_entry_and_the_entry_to_its_order(scene: Scene, sandbox: Sandbox) -> None:
    first = await paid_order(scene, sandbox, scene.maria, "LAUNCH10")
    await paid_order(scene, sandbox, scene.maria)
    for _ in range(60):
        assert scene.balance.deduct(scene.maria.id, 7, "SMS").success
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("end", "e")
        await settle(pilot)
        balances = app.screen
        assert isinstance(balances, BalancesScreen)
        assert balances.ledger.cursor == 1, "Not the newest entry, but its own."
        await pilot.press("f", *"sms", "enter")
        await settle(pilot)
        await pilot.press("5", "e")
        await settle(pilot)
        assert balances.filter_line.field.value == "", "The filter would have hidden it."
        assert balances.ledger.cursor == 1
        await pilot.press("enter")
        await settle(pilot)
        dialog = app.screen
        assert isinstance(dialog, EntryDialog)
        labels = [line.label for line in dialog.lines.reader.lines]
        dialog.lines.highlighted = labels.index("Order")
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, CheckoutScreen)
        assert str(first.session_id)[:20] in screen_text(app), "The order itself is shown."
        await pilot.press("4")
        await settle(pilot)
        assert app.screen_stack[-1] == balances, "The dialog is not left behind."


async def test_the_palette_opens_an_account_at_an_entry(scene: Scene) -> None:
    for _ in range(60):
        assert scene.balance.deduct(scene.maria.id, 7, "SMS").success
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+p", *"account", "space", *str(scene.maria.id), "space", *"12")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, BalancesScreen)
        assert app.screen.ledger.cursor == 12
