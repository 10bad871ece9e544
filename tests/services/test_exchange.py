import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.accounts import AccountService
from services.database import Database
from services.discounts import CodeTerms, DiscountService
from services.domain.audit import AuditEntry
from services.domain.exchange import PRICES
from services.errors import Conflict, InvalidInput
from services.exchange import CodeOffer, Comparison, Difference, ExchangeService
from services.orders import OrderService
from services.pricing_dynamic import DynamicPricingService
from services.runtime import Runtime
from services.settings import Settings
from services.stores.audit import AuditStore
from tests.clock import ManualClock
from tests.proof import assert_verified
from tests.stores.drafts import access_draft, no_request


@pytest.fixture
def live(clock: ManualClock, tmp_path: Path) -> Iterator[Runtime]:
    """Another desk, at which "ben" sits, on a database of its own."""
    database = Database(f"sqlite:///{tmp_path / 'live.db'}")
    database.open()
    yield Runtime(Settings(_env_file=None), database, None, clock, actor="ben")
    assert_verified(database)
    database.close()


def audit(runtime: Runtime) -> list[AuditEntry]:
    with runtime.database.read() as connection:
        return AuditStore().newest(connection, 100)


def set_scene(runtime: Runtime, clock: ManualClock) -> CodeTerms:
    """A desk with other prices, a code with every term and one that is disabled."""
    DynamicPricingService.over(runtime).change_prices(mode="sale", sale_cents=1999, reason="weekend")
    codes = DiscountService.over(runtime)
    terms = CodeTerms(None, 500, 9, 1, clock(), clock() + timedelta(days=1), 1000, True, False, "Ü [/]")
    codes.edit(codes.create("FULL", percent_basis_points=1).code, terms)
    codes.create("OLD", percent_basis_points=1000)
    codes.set_active("OLD", False)
    return terms


def test_what_one_desk_exports_another_takes_over(runtime: Runtime, live: Runtime, clock: ManualClock) -> None:
    terms = set_scene(runtime, clock)
    here, there = ExchangeService.over(live), ExchangeService.over(runtime)
    DiscountService.over(live).create("OWN", percent_basis_points=1)
    DiscountService.over(live).create("OLD", percent_basis_points=1000, max_uses=5)
    document = there.export()

    shown = here.compare(document)
    prices = [DynamicPricingService.over(one).current().prices for one in (live, runtime)]
    assert shown == Comparison(
        (
            Difference(PRICES, prices[0], prices[1]),
            Difference("FULL", None, CodeOffer(terms, True)),
            Difference("OLD", CodeOffer(CodeTerms(1000, max_uses=5), True), CodeOffer(CodeTerms(1000), False)),
        ),
        only_here=("OWN",),
    )
    assert len(audit(live)) == 2

    assert here.take_over(document, shown, "from test") == shown
    assert here.compare(document) == Comparison((), ("OWN",))
    assert [(entry.actor, entry.action, entry.object_id, entry.reason) for entry in audit(live)[:4]] == [
        ("ben", "disable", "OLD", "from test"),
        ("ben", "edit", "OLD", "from test"),
        ("ben", "create", "FULL", "from test"),
        ("ben", "change", "1", "from test"),
    ]
    assert here.take_over(document, here.compare(document)).differences == ()
    assert len(audit(live)) == 6
    own = json.loads(here.export())
    own["codes"] = [code for code in own["codes"] if code["code"] != "OWN"]
    assert own == json.loads(document)


def test_a_difference_that_is_no_longer_the_approved_one_changes_nothing(
    runtime: Runtime, live: Runtime, clock: ManualClock
) -> None:
    set_scene(runtime, clock)
    document, here = ExchangeService.over(runtime).export(), ExchangeService.over(live)
    shown = here.compare(document)
    DiscountService.over(live).create("OLD", percent_basis_points=1)
    with pytest.raises(Conflict, match="since the difference was shown"):
        here.take_over(document, shown)
    assert len(audit(live)) == 1


def test_a_code_that_was_used_keeps_its_value_and_all_else_stays_too(runtime: Runtime, clock: ManualClock) -> None:
    codes, exchange = DiscountService.over(runtime), ExchangeService.over(runtime)
    codes.create("SAVE10", percent_basis_points=1000)
    account = AccountService.over(runtime).create("maria@example.com")
    draft = access_draft(account.id, discount_code="SAVE10", discount_cents=300)
    OrderService.over(runtime).create(draft, no_request)
    document = json.loads(exchange.export())
    document["codes"][0]["percent_basis_points"] = 2000
    document["codes"].append({**document["codes"][0], "code": "ANEW"})
    text = json.dumps(document)
    before = audit(runtime)
    with pytest.raises(Conflict, match="was used already, so it keeps taking off 10 %"):
        exchange.take_over(text, exchange.compare(text))
    assert audit(runtime) == before
    assert [code.code for code in codes.list_codes()] == ["SAVE10"]


@pytest.mark.parametrize(
    "change",
    [
        {"format": "another"},
        {"prices": None},
        {"prices": {"mode": "rrp", "rrp_cents": 1, "launch_cents": 1}},
        {"prices": {"mode": "rrp", "rrp_cents": 1, "launch_cents": 1, "sale_cents": None}},
        {"prices": {"mode": "rrp", "rrp_cents": 1, "launch_cents": 1, "sale_cents": 1.5}},
        {"prices": {"mode": "cheap", "rrp_cents": 1, "launch_cents": 1, "sale_cents": 1}},
        {"codes": [{}]},
        {"codes": [1]},
        {"codes": {"code": "A1"}},
    ],
)
def test_what_is_no_such_document_is_refused(runtime: Runtime, change: dict[str, Any]) -> None:
    exchange = ExchangeService.over(runtime)
    document = {**json.loads(exchange.export()), **change}
    with pytest.raises(InvalidInput):
        exchange.compare(json.dumps(document))


def test_text_that_is_no_json_and_codes_that_are_none_are_refused(runtime: Runtime) -> None:
    exchange = ExchangeService.over(runtime)
    DiscountService.over(runtime).create("SAVE10", percent_basis_points=1000)
    document = json.loads(exchange.export())
    code = document["codes"][0]
    changes: list[dict[str, Any]] = [
        {"code": "\u017fave"},
        {"percent_basis_points": 0},
        {"ends_at": "tomorrow"},
        {"active": 1},
        {"active": None},
        {"max_uses": True},
    ]
    texts = [json.dumps({**document, "codes": [{**code, **change}]}) for change in changes]
    texts.append(json.dumps({**document, "codes": [code, {**code, "code": "save10 "}]}))
    for text in ("", "[]", "1", "{", "[" * 100_000, *texts):
        with pytest.raises(InvalidInput):
            exchange.compare(text)
