from hypothesis import given
from hypothesis import strategies as st

from services.clock import system_clock
from services.sandbox.api import ROUTES, Route
from services.sandbox.service import ApiRequest, ApiService
from services.sandbox.state import State

_SECRET = "sk_test_sandbox"
_NAMES = st.sampled_from(
    [
        "amount",
        "confirm",
        "created",
        "created[gte]",
        "currency",
        "customer",
        "expand[0]",
        "expires_at",
        "limit",
        "line_items[0][price_data][currency]",
        "line_items[0][price_data][product_data][name]",
        "line_items[0][price_data][unit_amount]",
        "line_items[0][quantity]",
        "metadata",
        "metadata[a]",
        "mode",
        "payment_intent_data[setup_future_usage]",
        "payment_method",
        "starting_after",
        "success_url",
    ]
)
_VALUES = st.sampled_from(
    ["", "-1", "0", "1000", "9" * 40, "true", "usd", "payment", "pm_card_visa", "off_session", "http://shop/"]
)
_FORMS = st.lists(st.tuples(_NAMES, _VALUES), max_size=12).map(
    lambda fields: "&".join(f"{name}={value}" for name, value in fields)
)


@given(endpoint=st.sampled_from(ROUTES), form=_FORMS | st.text(max_size=60))
def test_every_call_is_answered_and_recorded(endpoint: Route, form: str) -> None:
    service = ApiService(State(system_clock), _SECRET)
    path = endpoint.pattern.pattern.replace("(?P<id>[A-Za-z0-9_]+)", "pm_card_visa")
    request = ApiRequest(endpoint.method, path, form, {"Authorization": f"Bearer {_SECRET}"})
    assert service.answer(request).status in (200, 400, 402, 404)
    assert [recorded.path for recorded in service.recorded] == [path]
