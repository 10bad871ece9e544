"""Each change of prices and codes that an admin makes has one line in the audit trail; a refused one has none."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from services.accounts import AccountService
from services.discounts import CodeTerms, DiscountService
from services.errors import PaydeskError
from services.exchange import ExchangeService
from services.models.tables import audit_log, discount_codes, price_changes, price_withdrawals
from services.orders import OrderService
from services.pricing_dynamic import DynamicPricingService
from services.runtime import Runtime
from tests.clock import ManualClock
from tests.stores.drafts import access_draft, no_request

TEN = CodeTerms(percent_basis_points=1000)
Act = Callable[["Admin"], object]

pytestmark = pytest.mark.usefixtures("verified")


class Admin:
    """What an admin has at hand: a sale that ends (v1), a plan (v2), and codes that are new, used and disabled."""

    def __init__(self, runtime: Runtime, clock: ManualClock) -> None:
        self.runtime, self.now = runtime, clock
        self.prices = DynamicPricingService.over(runtime)
        self.codes = DiscountService.over(runtime)
        self.exchange = ExchangeService.over(runtime)
        self.prices.change_prices(mode="sale", ends_at=clock() + timedelta(days=3))
        self.prices.change_prices(mode="rrp", effective_at=clock() + timedelta(days=9))
        for code in ("NEW", "USED", "OFF"):
            self.codes.create(code, percent_basis_points=1000)
        self.codes.set_active("OFF", False)
        account = AccountService.over(runtime).create("maria@example.com")
        draft = access_draft(account.id, discount_code="USED", discount_cents=300)
        OrderService.over(runtime).create(draft, no_request)

    def import_of(self, code: str | None = None, **changed: Any) -> None:
        """Takes over the desk's own export, in which a code or the prices are changed, with what was shown approved."""
        document = json.loads(self.exchange.export())
        row = document["prices"]
        if code is not None:
            row = next(row for row in document["codes"] if row["code"] == code)
        row.update(changed)
        text = json.dumps(document)
        self.exchange.take_over(text, self.exchange.compare(text))

    def stored(self) -> list[list[Any]]:
        """Every price change, withdrawal and code as it stands."""
        tables = (price_changes, price_withdrawals, discount_codes)
        with self.runtime.database.read() as connection:
            return [list(connection.execute(sa.select(table).order_by(*table.primary_key))) for table in tables]

    def audited(self) -> int:
        """How many lines the trail has."""
        with self.runtime.database.read() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(audit_log)).scalar_one()


@pytest.fixture
def admin(runtime: Runtime, clock: ManualClock) -> Admin:
    return Admin(runtime, clock)


ACCEPTED: dict[str, tuple[int, Act]] = {
    "prices": (1, lambda admin: admin.prices.change_prices(rrp_cents=5999, launch_cents=1999, expected_version=1)),
    "plan": (1, lambda admin: admin.prices.change_prices(mode="rrp", effective_at=admin.now() + timedelta(days=1))),
    "withdraw": (1, lambda admin: admin.prices.withdraw(2, "too early")),
    "end": (1, lambda admin: admin.prices.end()),
    "revert": (1, lambda admin: admin.prices.revert(0)),
    "create": (1, lambda admin: admin.codes.create("XMAS", amount_off_cents=500)),
    "edit": (1, lambda admin: admin.codes.edit("NEW", CodeTerms(2000), expected=TEN)),
    "edit of a used code": (1, lambda admin: admin.codes.edit("USED", replace(TEN, max_uses=1))),
    "duplicate": (1, lambda admin: admin.codes.duplicate("USED", "AGAIN")),
    "bulk": (7, lambda admin: admin.codes.generate(7, TEN, "B-")),
    "disable": (1, lambda admin: admin.codes.set_active("NEW", False)),
    "disable many": (2, lambda admin: admin.codes.set_all_active(["NEW", "USED", "OFF"], False)),
    "import of prices": (1, lambda admin: admin.import_of(sale_cents=1999)),
    "import of a code": (1, lambda admin: admin.import_of("NEW", note="from test")),
}
UNCHANGED: dict[str, Act] = {
    "edit to the same": lambda admin: admin.codes.edit("NEW", TEN),
    "disable what is": lambda admin: admin.codes.set_active("OFF", False),
    "disable many that are": lambda admin: admin.codes.set_all_active(["OFF"], False),
    "import of the same": lambda admin: admin.import_of(),
}
REFUSED: dict[str, Act] = {
    "the same prices": lambda admin: admin.prices.change_prices(mode="sale", ends_at=admin.now() + timedelta(days=1)),
    "a stale price": lambda admin: admin.prices.change_prices(launch_cents=1999, expected_version=0),
    "an unconfirmed price": lambda admin: admin.prices.change_prices(sale_cents=0, confirmed=False),
    "an unconfirmed mode": lambda admin: admin.prices.change_prices(mode="rrp", confirmed=False),
    "no price": lambda admin: admin.prices.change_prices(sale_cents=-1),
    "no mode": lambda admin: admin.prices.change_prices(mode="free"),
    "a plan for the past": lambda admin: admin.prices.change_prices(mode="rrp", effective_at=admin.now()),
    "an end before its start": lambda admin: admin.prices.change_prices(mode="rrp", ends_at=admin.now()),
    "a reason that cannot be stored": lambda admin: admin.prices.change_prices(mode="rrp", reason="\x00"),
    "withdrawal of what is in force": lambda admin: admin.prices.withdraw(1),
    "withdrawal of nothing": lambda admin: admin.prices.withdraw(3),
    "a stale end": lambda admin: admin.prices.end(expected_version=0),
    "revert to nothing": lambda admin: admin.prices.revert(9),
    "an unconfirmed revert": lambda admin: admin.prices.revert(2, confirmed=False),
    "a code that exists": lambda admin: admin.codes.create(" new ", percent_basis_points=1000),
    "a code without a value": lambda admin: admin.codes.create("XMAS"),
    "no code": lambda admin: admin.codes.create("x!", percent_basis_points=1000),
    "a stale edit": lambda admin: admin.codes.edit("NEW", CodeTerms(2000), expected=CodeTerms(1)),
    "another value of a used code": lambda admin: admin.codes.edit("USED", CodeTerms(2000)),
    "edit of nothing": lambda admin: admin.codes.edit("NOPE", TEN),
    "a duplicate that exists": lambda admin: admin.codes.duplicate("NEW", "OFF"),
    "a duplicate of nothing": lambda admin: admin.codes.duplicate("NOPE", "XMAS"),
    "bulk without room": lambda admin: admin.codes.generate(500, TEN, "B", "#"),
    "bulk without a pattern": lambda admin: admin.codes.generate(5, TEN, "B", "##?#"),
    "disabling nothing": lambda admin: admin.codes.set_active("NOPE", False),
    "disabling many and nothing": lambda admin: admin.codes.set_all_active(["NEW", "NOPE"], False),
    "import of another value of a used code": lambda admin: admin.import_of("USED", percent_basis_points=1),
    "import of no price": lambda admin: admin.import_of(sale_cents=-1),
    "import that was not approved": lambda admin: admin.exchange.take_over(
        admin.exchange.export().replace("1000", "2000"), admin.exchange.compare(admin.exchange.export())
    ),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_each_accepted_change_has_one_line(admin: Admin, name: str) -> None:
    lines, act = ACCEPTED[name]
    before, audited = admin.stored(), admin.audited()
    act(admin)
    assert admin.audited() - audited == lines
    assert admin.stored() != before


@pytest.mark.parametrize("name", UNCHANGED)
def test_what_changes_nothing_has_no_line(admin: Admin, name: str) -> None:
    before, audited = admin.stored(), admin.audited()
    UNCHANGED[name](admin)
    assert (admin.stored(), admin.audited()) == (before, audited)


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_change_has_no_line_and_leaves_all_as_it_was(admin: Admin, name: str) -> None:
    before, audited = admin.stored(), admin.audited()
    with pytest.raises(PaydeskError):
        REFUSED[name](admin)
    assert (admin.stored(), admin.audited()) == (before, audited)
