"""An account: who holds a balance."""

import re
from dataclasses import dataclass
from datetime import datetime

from services.errors import InvalidInput

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")


@dataclass(frozen=True)
class Account:
    """A customer's account. `email` is in canonical form; `created_at` is in UTC.

    Stripe keeps live and test customers apart: `stripe_livemode` tells where `stripe_customer_id` is one.
    """

    id: int
    email: str
    stripe_customer_id: str | None
    stripe_livemode: bool | None
    created_at: datetime

    def stripe_customer_in(self, *, livemode: bool) -> str | None:
        """The account's customer in Stripe's live or test mode; None where it has none there."""
        return self.stripe_customer_id if self.stripe_livemode is livemode else None


def canonical_email(text: str) -> str:
    """The one form in which an e-mail address is stored and compared: trimmed, lower case.

    Raises `InvalidInput` for what is not `name@host`.
    """
    email = text.strip().lower()
    if _EMAIL.fullmatch(email) is None or not email.isprintable():
        raise InvalidInput("An e-mail address looks like name@example.com.", field="email")
    return email
