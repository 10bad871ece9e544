"""Request parameters: Stripe's form encoding, and a strict check against the types of the Stripe SDK.

The SDK's `stripe.params` TypedDicts are generated from Stripe's API description, so they list what an
endpoint accepts. Read as they stand they accept too much: an enum is `Literal[...] | str`, and unknown keys pass.
Here an enum is its literals alone, and a key that is not listed is refused.
Source of the sentences and codes: https://docs.stripe.com/error-codes
"""

import importlib
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

from pydantic_core import ErrorDetails, SchemaValidator, ValidationError, core_schema
from typing_extensions import is_typeddict

OPERATIONS: Mapping[str, tuple[str, str]] = {
    "account.retrieve": ("stripe.params", "AccountRetrieveCurrentParams"),
    "checkout.sessions.create": ("stripe.params.checkout", "SessionCreateParams"),
    "checkout.sessions.expire": ("stripe.params.checkout", "SessionExpireParams"),
    "checkout.sessions.line_items.list": ("stripe.params.checkout", "SessionListLineItemsParams"),
    "checkout.sessions.list": ("stripe.params.checkout", "SessionListParams"),
    "checkout.sessions.retrieve": ("stripe.params.checkout", "SessionRetrieveParams"),
    "customers.create": ("stripe.params", "CustomerCreateParams"),
    "customers.list": ("stripe.params", "CustomerListParams"),
    "customers.payment_methods.list": ("stripe.params", "CustomerListPaymentMethodsParams"),
    "customers.retrieve": ("stripe.params", "CustomerRetrieveParams"),
    "customers.update": ("stripe.params", "CustomerUpdateParams"),
    "events.list": ("stripe.params", "EventListParams"),
    "events.retrieve": ("stripe.params", "EventRetrieveParams"),
    "payment_intents.confirm": ("stripe.params", "PaymentIntentConfirmParams"),
    "payment_intents.create": ("stripe.params", "PaymentIntentCreateParams"),
    "payment_intents.list": ("stripe.params", "PaymentIntentListParams"),
    "payment_intents.retrieve": ("stripe.params", "PaymentIntentRetrieveParams"),
    "payment_methods.attach": ("stripe.params", "PaymentMethodAttachParams"),
    "payment_methods.list": ("stripe.params", "PaymentMethodListParams"),
    "payment_methods.retrieve": ("stripe.params", "PaymentMethodRetrieveParams"),
    "refunds.create": ("stripe.params", "RefundCreateParams"),
    "refunds.list": ("stripe.params", "RefundListParams"),
    "refunds.retrieve": ("stripe.params", "RefundRetrieveParams"),
}
"""Each operation by the SDK's service path, with the module and the name of the type of its parameters."""

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
_DEEPEST = 10
"""The most names in one key; the SDK's types reach seven deep."""
_CHOICE = "|"
"""Begins the label of a union's choice in an error's location; no parameter's name does."""


class ParameterError(ValueError):
    """A parameter is refused: `param` is its name in bracket form, `message` and `code` are Stripe's."""

    def __init__(self, param: str, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.param = param
        self.message = message
        self.code = code


def check_parameters(operation: str, parameters: Mapping[str, Any]) -> None:
    """Check the parameters of an SDK call, such as `{"line_items": [{...}]}`, before any encoding.

    `operation` is a key of `OPERATIONS`, such as `checkout.sessions.create`. Raises ParameterError for a
    parameter that Stripe does not know or does not take in that form, and KeyError for an unknown operation.
    """
    try:
        _validator(operation).validate_python(dict(parameters))
    except ValidationError as error:
        raise _refusal(error.errors()) from None


def decode_form(text: str) -> dict[str, Any]:
    """Decode `a[b][0][c]=d` to nested dictionaries of strings; a list is a dictionary with digits as keys.

    Raises ParameterError for a name that is not in this form, or that is both a value and an object.
    """
    decoded: dict[str, Any] = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        matched = _KEY.fullmatch(key)
        path = [] if matched is None else [matched[1], *re.findall(r"\[([^\[\]]*)\]", matched[2])]
        if not 0 < len(path) <= _DEEPEST:
            raise ParameterError(key[:100], f"Invalid parameter name: {key[:100]}")
        place = decoded
        for step in path[:-1]:
            place = place.setdefault(step or str(len(place)), {})
            if not isinstance(place, dict):
                raise ParameterError(key, "Invalid object")
        last = path[-1] or str(len(place))
        if isinstance(place.get(last), dict):
            raise ParameterError(key, "Invalid object")
        place[last] = value
    return decoded


def typed_parameters(operation: str, decoded: Mapping[str, Any]) -> dict[str, Any]:
    """Turn decoded strings into what the operation's types name: ints, bools, lists.

    What does not fit is left as it is, for `check_parameters` to refuse by name.
    """
    typed = _typed(dict(decoded), _parameters_type(operation))
    return typed if isinstance(typed, dict) else dict(decoded)


def _parameters_type(operation: str) -> Any:
    module, name = OPERATIONS[operation]
    return getattr(importlib.import_module(module), name)


@cache
def _validator(operation: str) -> SchemaValidator:
    return SchemaValidator(_schema(_parameters_type(operation)))


@cache
def _fields(typed_dict: Any) -> dict[str, Any]:
    """A TypedDict's own fields: the SDK's request options, which its types inherit, are no parameters."""
    sdk = importlib.import_module("stripe")
    options = sdk.RequestOptions
    known = {"StripeContext": sdk.StripeContext, "Mapping": Mapping}
    hints = get_type_hints(typed_dict, localns=known)
    inherited = options.__annotations__ if "stripe_account" in hints else {}
    return {name: annotation for name, annotation in hints.items() if name not in inherited}


def _choices(annotation: Any) -> list[Any]:
    """The members of a union as Stripe means them, and of anything else itself.

    The SDK adds `str` to an enum so that newer values pass a type checker, and its own response class beside
    a dictionary; neither says what Stripe takes. Beside `Literal['']`, which unsets a value, `str` is a real
    choice.
    """
    if get_origin(annotation) not in (Union, UnionType):
        return [annotation]
    members = [part for member in get_args(annotation) for part in _choices(member)]
    names = [value for member in members if get_origin(member) is Literal for value in get_args(member)]
    return [
        member
        for member in members
        if not (member is str and any(names))
        and member is not NoneType
        and getattr(get_origin(member), "__name__", "") != "UntypedStripeObject"
    ]


@cache
def _typed_dict_schema(typed_dict: Any) -> core_schema.CoreSchema:
    fields = {
        name: core_schema.typed_dict_field(_schema(annotation), required=name in typed_dict.__required_keys__)
        for name, annotation in _fields(typed_dict).items()
    }
    return core_schema.typed_dict_schema(fields, extra_behavior="forbid", strict=True)


_SCALARS: Mapping[Any, core_schema.CoreSchema] = {
    bool: core_schema.bool_schema(strict=True),
    int: core_schema.int_schema(strict=True),
    float: core_schema.float_schema(),
    Decimal: core_schema.decimal_schema(),
    str: core_schema.str_schema(strict=True, min_length=1),
}


def _schema(annotation: Any) -> core_schema.CoreSchema:
    choices = _choices(annotation)
    if len(choices) > 1:
        labelled = [(_schema(choice), f"{_CHOICE}{number}") for number, choice in enumerate(choices)]
        return core_schema.union_schema([*labelled], mode="left_to_right")
    (choice,) = choices
    if is_typeddict(choice):
        return _typed_dict_schema(choice)
    arguments = get_args(choice)
    match get_origin(choice):
        case origin if origin is Literal:
            return core_schema.literal_schema([*arguments])
        case origin if origin is list:
            return core_schema.list_schema(_schema(arguments[0]), strict=True)
        case origin if origin is dict:
            # An empty text unsets one key: https://docs.stripe.com/api/metadata
            values = core_schema.str_schema(strict=True) if arguments[1] is str else _schema(arguments[1])
            return core_schema.dict_schema(core_schema.str_schema(), values, strict=True)
        case _:
            return _SCALARS[choice]


def _typed(value: Any, annotation: Any) -> Any:
    choices = _choices(annotation)
    return _typed_object(value, choices) if isinstance(value, dict) else _typed_text(value, choices)


def _typed_text(text: str, choices: list[Any]) -> Any:
    if any(get_origin(choice) is Literal and text in get_args(choice) for choice in choices):
        return text
    if bool in choices and text in ("true", "false"):
        return text == "true"
    if int in choices and _INTEGER.fullmatch(text):
        return int(text)
    if float in choices and _DECIMAL.fullmatch(text):
        return float(text)
    return text


def _typed_object(value: dict[str, Any], choices: list[Any]) -> Any:
    indices = all(key.isdecimal() for key in value)
    for choice in choices:
        if is_typeddict(choice):
            fields = _fields(choice)
            return {key: _typed(part, fields.get(key, str)) for key, part in value.items()}
        arguments = get_args(choice)
        if get_origin(choice) is dict:
            return {key: _typed(part, arguments[1]) for key, part in value.items()}
        if get_origin(choice) is list and indices:
            return [_typed(value[key], arguments[0]) for key in sorted(value, key=int)]
    return value


def _refusal(errors: list[ErrorDetails]) -> ParameterError:
    """The error to report: of a union's choices, the one that came furthest into the value."""
    error = max(errors, key=lambda candidate: len(_path(candidate)))
    path = _path(error)
    param = path[0] + "".join(f"[{step}]" for step in path[1:]) if path else ""
    together = [other for other in errors if _path(other) == path]
    value = error["input"]
    if error["type"] == "extra_forbidden":
        return ParameterError(param, f"Received unknown parameter: {param}", "parameter_unknown")
    if error["type"] == "missing":
        return ParameterError(param, f"Missing required param: {param}.", "parameter_missing")
    if value == "":
        sentence = (
            f"You passed an empty string for '{param}'. We assume empty values are an attempt to unset a "
            f"parameter; however '{param}' cannot be unset. You should remove '{param}' from your request or "
            "supply a non-empty value."
        )
        return ParameterError(param, sentence, "parameter_invalid_empty")
    return _wrong_value(param, value, {other["type"]: other for other in together})


def _wrong_value(param: str, value: object, kinds: Mapping[str, ErrorDetails]) -> ParameterError:
    if "literal_error" in kinds and isinstance(value, str):
        expected = kinds["literal_error"].get("ctx", {}).get("expected", "")
        names = str(expected).replace("'", "")
        if names:
            return ParameterError(param, f"Invalid {param}: must be one of {names}")
    if kinds.keys() & {"int_type", "int_parsing"}:
        return ParameterError(param, f"Invalid integer: {value}", "parameter_invalid_integer")
    for kind, noun in (("bool_type", "boolean"), ("list_type", "array"), ("dict_type", "object")):
        if kind in kinds:
            shown = f": {value}" if noun == "boolean" else ""
            return ParameterError(param, f"Invalid {noun}{shown}")
    return ParameterError(param, f"Invalid value for {param}")


def _path(error: ErrorDetails) -> list[str]:
    return [str(step) for step in error["loc"] if not str(step).startswith(_CHOICE)]
