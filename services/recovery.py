"""Recovery: what may be done about a request to Stripe whose outcome was lost. One rule, for whatever was asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from services.errors import Conflict, GatewayRefused, TryAgain

Settled = TypeVar("Settled")

KEY_LIFE = timedelta(hours=23)
"""How long a request may be sent again under its key. Stripe may prune keys after 24 hours.
Source: https://docs.stripe.com/api/idempotent_requests"""

LONGEST_CALL = timedelta(minutes=5)
"""How long a request that was sent within the key's life may still be on its way, with all its retries."""


@dataclass(frozen=True)
class LostRequest:
    """A stored request: its name as a sentence begins with it, and in `stripe_key` the mark of the key it was for."""

    name: str
    reference: str
    stripe_key: str | None
    created_at: datetime


def recover(
    lost: LostRequest,
    key_mark: str,
    now: datetime,
    *,
    send: Callable[[], Settled],
    find: Callable[[], Settled | None],
    fail: Callable[[str], Settled],
) -> Settled:
    """What comes of a request that is sent again, or found at Stripe by its reference, or failed for a reason.

    It is sent again only with the Stripe key in use then, whose mark is `key_mark`, and within the life of its
    idempotency key; it fails only where nothing of it can be on its way any more. `find` answers None where Stripe has
    nothing. Raises `Conflict` where only another Stripe key could tell, `TryAgain` where it is too early, and what the
    calls raise.
    """
    same_key = lost.stripe_key == key_mark
    age = now - lost.created_at
    if same_key and age <= KEY_LIFE:
        return send()
    try:
        found = find()
    except GatewayRefused:
        if same_key:
            raise
        found = None  # another Stripe account, which does not even know what was asked about
    if found is not None:
        return found
    if not same_key:
        raise Conflict(
            f"{lost.name} was sent with another Stripe key, and nothing is known of it with this one. "
            f"Its reference is {lost.reference}."
        )
    if age <= KEY_LIFE + LONGEST_CALL:
        raise TryAgain(f"{lost.name} may still be on its way to Stripe.")
    return fail("Stripe never got the request: nothing with its reference is there.")
