"""Rules that Stripe puts on values, beyond their types."""

from collections.abc import Mapping

from services.sandbox.errors import Refused

MINIMUM_CENTS: Mapping[str, int] = {
    "aud": 50,
    "cad": 50,
    "chf": 50,
    "eur": 50,
    "gbp": 30,
    "nzd": 50,
    "usd": 50,
}
"""The smallest charge in each currency that the sandbox knows, in minor units.

Source: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
"""

MAXIMUM_CENTS = 99_999_999
"""An amount has at most eight digits, says the same page."""

_METADATA_KEYS, _METADATA_KEY_LENGTH, _METADATA_VALUE_LENGTH = 50, 40, 500


def check_currency(currency: str, *, param: str) -> None:
    """Refuse a currency that the sandbox does not know; Stripe takes either case, and answers in lower case."""
    if currency not in MINIMUM_CENTS:
        known = ", ".join(MINIMUM_CENTS)
        raise Refused(f"Invalid currency: {currency}. The sandbox supports: {known}", param=param)


def check_amount(amount_cents: int, currency: str, *, what: str, zero_allowed: bool, param: str | None = None) -> None:
    """Refuse an amount below or above what can be charged; `what` begins the sentence."""
    minimum = MINIMUM_CENTS[currency]
    if amount_cents < minimum and not (zero_allowed and amount_cents == 0):
        sentence = f"{what} must add up to at least {_shown(minimum)} {currency}"
        raise Refused(sentence, code="amount_too_small", param=param)
    if amount_cents > MAXIMUM_CENTS:
        sentence = f"{what} must be no more than {_shown(MAXIMUM_CENTS)} {currency}"
        raise Refused(sentence, code="amount_too_large", param=param)


def check_metadata(metadata: object, *, param: str) -> None:
    """Refuse metadata beyond 50 keys of 40 characters with values of 500.

    Source: https://docs.stripe.com/api/metadata
    """
    if not isinstance(metadata, dict):
        return
    if len(metadata) > _METADATA_KEYS:
        raise Refused(f"Metadata may have at most {_METADATA_KEYS} keys.", param=param)
    for key, value in metadata.items():
        if len(key) > _METADATA_KEY_LENGTH:
            sentence = f"Metadata keys can have up to {_METADATA_KEY_LENGTH} characters: {key}"
            raise Refused(sentence, param=param)
        check_length(value, _METADATA_VALUE_LENGTH, param=f"{param}[{key}]")


def check_length(value: str, limit: int, *, param: str) -> None:
    """Refuse a text of more than `limit` characters."""
    if len(value) > limit:
        sentence = f"Invalid string: {value[:20]}...; must be at most {limit} characters"
        raise Refused(sentence, code="parameter_invalid_string_length", param=param)


def _shown(cents: int) -> str:
    whole, part = divmod(cents, 100)
    return f"${whole:,}.{part:02d}"
