"""Answers that Stripe would not send: each turns the JSON of a good answer into something else."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from services.sandbox.responses import Json

Mutation: TypeAlias = Callable[[Json], object]
"""From the JSON of an answer, which it may change, to other JSON, or to bytes that are sent as they are."""

_AMOUNTS = ("amount_total", "amount")
_NESTING = 100_000


def mutated(body: bytes, mutation: Mutation) -> bytes | None:
    """The changed body of an answer; None where the mutation leaves it as it is."""
    before = json.dumps(json.loads(body))
    changed = mutation(json.loads(body))
    after = changed if isinstance(changed, bytes) else json.dumps(changed).encode()
    return None if after == before.encode() else after


def _objects(body: Json) -> Iterator[Json]:
    """The objects in an answer: itself, or those of the list it is, and what an event is about."""
    for thing in body["data"] if isinstance(body.get("data"), list) else [body]:
        yield thing
        if thing.get("object") == "event":
            yield thing["data"]["object"]


def _everything(value: object) -> Iterator[Json]:
    """Every set of fields in an answer, however deep."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _everything(part)


def _field(
    names: str | tuple[str, ...],
    change: Callable[[Any], object],
    within: Callable[[Json], Iterator[Json]] = _objects,
) -> Mutation:
    """Changes a field that an object has, and that is not null."""

    def mutation(body: Json) -> Json:
        for thing in within(body):
            for name in (names,) if isinstance(names, str) else names:
                if thing.get(name) is not None:
                    thing[name] = change(thing[name])
        return body

    return mutation


def _without(name: str) -> Mutation:
    def mutation(body: Json) -> Json:
        for thing in _objects(body):
            thing.pop(name, None)
        return body

    return mutation


def _instead(value: object) -> Mutation:
    return lambda _: value


def _text(body: Json) -> bytes:
    return json.dumps(body).encode()


def _stranger(identifier: str) -> str:
    """An id of the same kind that is not this one."""
    return identifier[:-1] + ("a" if identifier[-1] != "a" else "b")


_WHOLE: Mapping[str, Mutation] = {
    "null": _instead(None),
    "empty_list": _instead([]),
    "empty_object": _instead({}),
    "empty_text": _instead(""),
    "number": _instead(42),
    "true": _instead(True),
    "empty_body": _instead(b""),
    "html": _instead(b"<!doctype html><title>Welcome to the hotel's network</title>"),
    "half_json": lambda body: _text(body)[: len(_text(body)) // 2],
    "invalid_utf8": lambda body: _text(body).replace(b'"id": "', b'"id": "\xff\xfe', 1),
    "byte_order_mark": lambda body: b"\xef\xbb\xbf" + _text(body),
    "deeply_nested": _instead(b"[" * _NESTING + b"]" * _NESTING),
    "duplicate_keys": lambda body: _text(body)[:-1] + b', "id": "cs_test_other", "id": 7}',
    "error_in_a_success": _instead({"error": {"message": "Something went wrong.", "type": "api_error"}}),
    "error_as_text": _instead({"error": "Something went wrong."}),
    "wrapped_in_a_list": lambda body: {"object": "list", "data": [body], "has_more": False, "url": "/v1"},
}
_FIELDS: Mapping[str, Mutation] = {
    "wrong_object": _field("object", lambda kind: "charge" if kind != "charge" else "customer"),
    "object_as_number": _field("object", lambda _: 7),
    "wrong_id_prefix": _field("id", lambda identifier: f"xx_{identifier}"),
    "id_as_number": _field("id", lambda _: 7),
    "id_of_another": _field("id", _stranger),
    "livemode_flipped": _field("livemode", lambda livemode: not livemode),
    "livemode_as_text": _field("livemode", lambda _: "false"),
    "amount_as_text": _field(_AMOUNTS, str),
    "amount_negative": _field(_AMOUNTS, lambda cents: -cents or -1),
    "amount_as_float": _field(_AMOUNTS, float),
    "amount_as_bool": _field(_AMOUNTS, lambda _: True),
    "amount_as_object": _field(_AMOUNTS, lambda cents: {"value": cents}),
    "amount_beyond_measure": _field(_AMOUNTS, lambda _: 10**400),
    "amount_of_another": _field(_AMOUNTS, lambda cents: cents + 1),
    "currency_changed": _field("currency", lambda currency: "eur" if currency != "eur" else "usd"),
    "currency_as_number": _field("currency", lambda _: 840),
    "status_unknown": _field("status", lambda _: "half_open"),
    "status_as_list": _field("status", lambda status: [status]),
    "payment_status_unknown": _field("payment_status", lambda _: "nearly_paid"),
    "reference_of_another": _field("client_reference_id", lambda reference: f"{reference}x"),
    "reference_as_number": _field("client_reference_id", lambda _: 7),
    "url_without_encryption": _field("url", lambda _: "http://checkout.example/pay"),
    "url_runs_script": _field("url", lambda _: "javascript:alert(1)"),
    "url_is_no_url": _field("url", lambda _: "https://[::1"),
    "url_as_number": _field("url", lambda _: 7),
    "url_with_escapes": _field("url", lambda _: "https://checkout.example/\x1b]52;c;AAAA\x07"),
    "expires_at_as_text": _field("expires_at", str),
    "expires_at_beyond_time": _field("expires_at", lambda _: 10**18),
    "total_details_as_list": _field("total_details", lambda _: []),
    "customer_of_wrong_kind": _field("customer", lambda _: "pi_1"),
    "payment_intent_of_wrong_kind": _field("payment_intent", lambda _: "cus_1"),
}
_EXPANDED: Mapping[str, Mutation] = {
    "payment_of_the_other_mode": _field(
        "payment_intent",
        lambda payment: payment | {"livemode": True} if isinstance(payment, dict) else payment,
    ),
    "charge_of_another_payment": _field(
        "latest_charge",
        lambda charge: charge | {"payment_intent": "pi_other"} if isinstance(charge, dict) else charge,
        _everything,
    ),
    "refunded_as_text": _field("amount_refunded", str, _everything),
    "refunded_beyond_the_charge": _field("amount_refunded", lambda _: 99_999_999, _everything),
    "card_number_in_full": _field("last4", lambda _: "4242424242424242", _everything),
    "card_brand_with_escapes": _field("brand", lambda _: "visa\x1b[2J", _everything),
    "card_expires_in_month_13": _field("exp_month", lambda _: 13, _everything),
}
_USED = (
    "amount",
    "amount_total",
    "client_reference_id",
    "currency",
    "expires_at",
    "id",
    "livemode",
    "object",
    "payment_status",
    "status",
    "total_details",
    "url",
)

MALFORMED: Mapping[str, Mutation] = {
    **_WHOLE,
    **_FIELDS,
    **_EXPANDED,
    **{f"without_{name}": _without(name) for name in _USED},
}
"""The malformed answers by name. Those that change a field change it in every object of a list as well."""
