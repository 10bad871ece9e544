from pathlib import Path

from services.balance import BalanceService
from services.demo import DemoClock, open_demo
from services.discounts import DiscountService
from services.domain.checkout import OrderStatus
from services.domain.discount import CodeStatus
from services.payments import PaymentService
from services.pricing_dynamic import DynamicPricingService
from services.sandbox import Sandbox


def test_the_scene_shows_every_state_and_adds_up(tmp_path: Path) -> None:
    clock = DemoClock()
    with Sandbox(clock=clock) as sandbox:
        runtime = open_demo(tmp_path, sandbox, clock, entries=10_000)
        orders = PaymentService.over(runtime).list_orders()
        assert {order.status for order in orders} == set(OrderStatus)
        assert {code.status for code in DiscountService.over(runtime).list_codes()} == set(CodeStatus)
        assert DynamicPricingService.over(runtime).get_base_price_cents() == 2999
        balance = BalanceService.over(runtime)
        entries = [entry for first in range(1, 10_001, 1000) for entry in balance.entries(1, first, first + 999)]
        entries.sort(key=lambda entry: entry.seq)
        running = 0
        for number, entry in enumerate(entries, start=1):
            running += entry.amount_cents
            assert (entry.seq, entry.balance_after_cents) == (number, running)
        assert balance.get_balance(1) == running
        runtime.database.close()
