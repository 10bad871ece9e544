"""Stripe's test cards and what each one does. Source: https://docs.stripe.com/testing"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from services.sandbox.errors import AuthenticationNeeded, CardRefused


class Authentication(StrEnum):
    """When the card's bank wants its holder to authenticate."""

    NEVER = "never"
    UNLESS_SAVED = "unless saved"
    ALWAYS = "always"


@dataclass(frozen=True)
class Card:
    """A test card. `declined_for` is Stripe's decline code, None for a card that pays."""

    number: str
    brand: str
    meaning: str
    declined_for: str | None = None
    authentication: Authentication = Authentication.NEVER

    @property
    def last4(self) -> str:
        """The last four digits, all that Stripe ever shows of a number."""
        return self.number[-4:]


_CARDS = (
    Card("4242424242424242", "visa", "pays"),
    Card("5555555555554444", "mastercard", "pays"),
    Card(
        "4000002500003155",
        "visa",
        "asks to authenticate, and pays later charges without",
        authentication=Authentication.UNLESS_SAVED,
    ),
    Card("4000002760003184", "visa", "asks to authenticate every time", authentication=Authentication.ALWAYS),
    Card("4000000000000002", "visa", "is declined", "generic_decline"),
    Card("4000000000009995", "visa", "is declined: insufficient funds", "insufficient_funds"),
    Card("4000000000000069", "visa", "is declined: expired", "expired_card"),
    Card("4000000000000127", "visa", "is declined: wrong CVC", "incorrect_cvc"),
    Card("4000000000000341", "visa", "can be saved and is declined when charged", "generic_decline"),
)

CARDS: Mapping[str, Card] = {card.number: card for card in _CARDS}
"""The known cards by number."""

TOKENS: Mapping[str, str] = {
    "pm_card_visa": "4242424242424242",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_authenticationRequiredOnSetup": "4000002500003155",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeDeclinedExpiredCard": "4000000000000069",
    "pm_card_chargeDeclinedIncorrectCvc": "4000000000000127",
    "pm_card_chargeCustomerFail": "4000000000000341",
}
"""The test payment methods that stand for a card's number in an API call."""

_SENTENCES: Mapping[str, tuple[str, str]] = {
    "generic_decline": ("card_declined", "Your card was declined."),
    "insufficient_funds": ("card_declined", "Your card has insufficient funds."),
    "expired_card": ("expired_card", "Your card has expired."),
    "incorrect_cvc": ("incorrect_cvc", "Your card's security code is incorrect."),
}


def card_of(number: str) -> Card:
    """The test card with a number, spaces and hyphens aside. Raises CardRefused for any other number."""
    card = CARDS.get(number.replace(" ", "").replace("-", ""))
    if card is None:
        raise CardRefused("Your card number is incorrect.", code="incorrect_number")
    return card


def spoiled(card: Card, reason: str) -> Card:
    """The card as it is once its bank declines it with this decline code. Raises ValueError for an unknown code."""
    if reason == "authentication_required":
        return replace(card, authentication=Authentication.ALWAYS)
    if reason not in _SENTENCES:
        raise ValueError(f"{reason} is not among {', '.join((*_SENTENCES, 'authentication_required'))}.")
    return replace(card, declined_for=reason)


def charge(card: Card, *, off_session: bool, saved: bool, authenticated: bool) -> None:
    """Ask the card's bank for a charge; returning means it is approved.

    Raises CardRefused for a decline, also when an off-session charge would need its holder, and
    AuthenticationNeeded when the holder is there and has to authenticate.
    """
    if card.declined_for is not None:
        code, sentence = _SENTENCES[card.declined_for]
        raise CardRefused(sentence, code=code, decline_code=card.declined_for)
    asks = card.authentication is Authentication.ALWAYS or (
        card.authentication is Authentication.UNLESS_SAVED and not saved
    )
    if not asks or authenticated:
        return
    if off_session:
        raise authentication_required()
    raise AuthenticationNeeded


def authentication_required() -> CardRefused:
    """The decline of a charge that only its card's holder could complete."""
    sentence = "Your card was declined. This transaction requires authentication."
    return CardRefused(sentence, code="authentication_required", decline_code="authentication_required")


def authentication_failed() -> CardRefused:
    """The decline when the holder did not complete the authentication."""
    sentence = (
        "We are unable to authenticate your payment method. Please choose a different payment method and try again."
    )
    return CardRefused(sentence, code="payment_intent_authentication_failure")
