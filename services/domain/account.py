"""An account: who holds a balance."""

import re
from dataclasses import dataclass
from datetime import datetime

from services.errors import InvalidInput

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")


@dataclass(frozen=True)
class Account:
    """A customer's account. `email` is in canonical form; `created_at` is in UTC."""

    id: int
    email: str
    stripe_customer_id: str | None
    created_at: datetime


def canonical_email(text: str) -> str:
    """The one form in which an e-mail address is stored and compared: trimmed, lower case.

    Raises `InvalidInput` for what is not `name@host`.
    """
    email = text.strip().lower()
    if _EMAIL.fullmatch(email) is None or not email.isprintable():
        raise InvalidInput("An e-mail address looks like name@example.com.", field="email")
    return email
