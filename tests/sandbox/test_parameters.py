from collections.abc import Mapping
from typing import Any

import pytest
import stripe

from services.sandbox import ParameterError, Sandbox, check_parameters
from services.sandbox.parameters import OPERATIONS, decode_form, typed_parameters
from tests.sandbox.scene import access_request

CREATE = "checkout.sessions.create"


def test_the_desks_own_requests_pass() -> None:
    check_parameters(CREATE, access_request())
    check_parameters(CREATE, access_request(customer_id="cus_1", promotion_codes=False))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operations_types_can_be_checked(operation: str) -> None:
    with pytest.raises(ParameterError) as caught:
        check_parameters(operation, {"colour": "red", "amount": 100, "currency": "usd", "customer": "cus_1"})
    assert caught.value.code == "parameter_unknown"


@pytest.mark.parametrize(
    ("parameters", "param", "code"),
    [
        ({"colour": "red"}, "colour", "parameter_unknown"),
        ({"api_key": "sk_test_1"}, "api_key", "parameter_unknown"),
        ({"payment_method_types": ["card"]}, "payment_method_types", "parameter_unknown"),
        ({"line_items": [{"amount": 1}]}, "line_items[0][amount]", "parameter_unknown"),
        ({"mode": "paymnt"}, "mode", None),
        (
            {"payment_intent_data": {"setup_future_usage": "of_session"}},
            "payment_intent_data[setup_future_usage]",
            None,
        ),
        ({"expires_at": "soon"}, "expires_at", "parameter_invalid_integer"),
        ({"expires_at": True}, "expires_at", "parameter_invalid_integer"),
        ({"line_items": [{"quantity": "1"}]}, "line_items[0][quantity]", "parameter_invalid_integer"),
        ({"line_items": {"quantity": 1}}, "line_items", None),
        ({"allow_promotion_codes": "true"}, "allow_promotion_codes", None),
        ({"metadata": {"account_id": 7}}, "metadata[account_id]", None),
        ({"metadata": "x"}, "metadata", None),
        ({"cancel_url": ""}, "cancel_url", "parameter_invalid_empty"),
        ({"cancel_url": None}, "cancel_url", None),
    ],
)
def test_what_stripe_does_not_take_is_refused_by_name(
    parameters: Mapping[str, Any], param: str, code: str | None
) -> None:
    with pytest.raises(ParameterError) as caught:
        check_parameters(CREATE, parameters)
    assert (caught.value.param, caught.value.code) == (param, code)


def test_an_empty_text_unsets_where_stripe_says_so() -> None:
    check_parameters("customers.update", {"shipping": "", "metadata": {"note": ""}})
    check_parameters("customers.update", {"email": "ada@example.com", "metadata": ""})


def test_form_values_get_the_types_that_the_operation_names() -> None:
    form = "line_items[0][quantity]=2&metadata[account_id]=7&allow_promotion_codes=false&client_reference_id=12"
    assert typed_parameters(CREATE, decode_form(form)) == {
        "line_items": [{"quantity": 2}],
        "metadata": {"account_id": "7"},
        "allow_promotion_codes": False,
        "client_reference_id": "12",
    }
    by_bounds, by_second = "created[gte]=5&types[]=a&types[]=b", "created=5"
    assert typed_parameters("events.list", decode_form(by_bounds)) == {
        "created": {"gte": 5},
        "types": ["a", "b"],
    }
    assert typed_parameters("events.list", decode_form(by_second)) == {"created": 5}


def test_a_list_keeps_its_order_beyond_ten() -> None:
    form = "&".join(f"expand[{index}]=p{index}" for index in reversed(range(12)))
    assert typed_parameters(CREATE, decode_form(form)) == {"expand": [f"p{index}" for index in range(12)]}


@pytest.mark.parametrize("form", ["a[b=1", "[a]=1", "a=1&a[b]=2", "a[b]=1&a=2", "a" + "[b]" * 10 + "=1"])
def test_a_malformed_form_is_refused(form: str) -> None:
    with pytest.raises(ParameterError):
        decode_form(form)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"colour": "red"}, "Received unknown parameter: colour"),
        ({"mode": "paymnt"}, "Invalid mode: must be one of payment, setup or subscription"),
        ({"expires_at": "soon"}, "Invalid integer: soon"),
        ({"allow_promotion_codes": "yes"}, "Invalid boolean: yes"),
    ],
)
def test_the_refusal_reaches_the_client(
    sandbox: Sandbox, client: stripe.StripeClient, change: dict[str, Any], sentence: str
) -> None:
    request: Any = access_request() | change
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.create(request)
    assert (caught.value.http_status, caught.value.user_message) == (400, sentence)
    assert sandbox.requests[0].parameters == request
    assert client.v1.checkout.sessions.list().data == []
