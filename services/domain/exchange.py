"""Prices and codes as a document that one desk writes and another reads, and what the two differ in."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from services.domain.discount import CodeTerms, DiscountCode, canonical_code
from services.domain.pricing import PriceMode, Prices
from services.errors import InvalidInput

FORMAT = "paydesk prices and codes 1"
"""What a document says of itself."""

_MOMENTS = ("starts_at", "ends_at")
_NOT_ONE = "This is not a document of prices and codes that paydesk exported."


@dataclass(frozen=True)
class CodeOffer:
    """A code as a document carries it: what an admin decided, without any uses."""

    terms: CodeTerms
    active: bool

    @classmethod
    def of(cls, code: DiscountCode) -> "CodeOffer":
        """What an admin decided about a stored code."""
        return cls(code.terms, code.active)


@dataclass(frozen=True)
class Offer:
    """The prices in force and all codes of a desk."""

    prices: Prices
    codes: Mapping[str, CodeOffer]


@dataclass(frozen=True)
class Difference:
    """One thing that the document has otherwise: the prices, or a code by its name. `here` None: it would be new."""

    name: str
    here: Prices | CodeOffer | None
    there: Prices | CodeOffer


@dataclass(frozen=True)
class Comparison:
    """What taking over a document would change, prices first. `only_here` are codes that it lacks, which would stay."""

    differences: tuple[Difference, ...]
    only_here: tuple[str, ...]

    @property
    def mark(self) -> str:
        """A short text that only this comparison has: whoever approves it on the command line names it."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]


PRICES = "prices"
"""The name of the difference in prices; no code is spelled like this."""


def compare(here: Offer, there: Offer) -> Comparison:
    """What the desk `here` has otherwise than the document `there`."""
    differences = [] if here.prices == there.prices else [Difference(PRICES, here.prices, there.prices)]
    differences += [
        Difference(code, here.codes.get(code), offer)
        for code, offer in sorted(there.codes.items())
        if here.codes.get(code) != offer
    ]
    return Comparison(tuple(differences), tuple(sorted(here.codes.keys() - there.codes.keys())))


def offer_as_json(offer: Offer) -> str:
    """The document."""
    document = {
        "format": FORMAT,
        PRICES: asdict(offer.prices),
        "codes": [
            {"code": code, "active": one.active, **_as_json(one.terms)} for code, one in sorted(offer.codes.items())
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def offer_from_json(text: str) -> Offer:
    """The document that `text` is. Raises `InvalidInput` for what is none, or has a price or a code that is none."""
    try:
        document = json.loads(text)
        if document["format"] != FORMAT:
            raise InvalidInput(_NOT_ONE, field="document")
        prices, listed = document[PRICES], document["codes"]
        given = {field.name: prices[field.name] for field in fields(Prices)}
        if None in given.values():
            raise TypeError
        codes: dict[str, CodeOffer] = {}
        for one in listed:
            code = canonical_code(one["code"])
            if code in codes:
                raise InvalidInput(f"The code {code} is in the document twice.", field="document")
            codes[code] = CodeOffer(_terms(one), _flag(one["active"]))
        return Offer(Prices(PriceMode.RRP, 0, 0, 0).edited(**given), codes)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InvalidInput(_NOT_ONE, field="document") from None


def _as_json(terms: CodeTerms) -> dict[str, Any]:
    return {
        name: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(terms).items()
    }


def _terms(one: Mapping[str, Any]) -> CodeTerms:
    values = {field.name: one[field.name] for field in fields(CodeTerms)}
    for name in _MOMENTS:
        if values[name] is not None:
            values[name] = datetime.fromisoformat(values[name]).astimezone(UTC)
    return CodeTerms(**values)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value
