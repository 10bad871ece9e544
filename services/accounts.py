"""Accounts: creating and finding them."""

import re
from typing import Self

from services.clock import Clock
from services.database import Database
from services.domain.account import Account, canonical_email
from services.domain.text import check_text, is_id, is_storable
from services.runtime import Runtime, get_runtime
from services.stores.accounts import AccountStore

__all__ = ["Account", "AccountService", "get_account_service"]

_NUMBER = re.compile(r"#?[0-9]{1,19}", re.ASCII)
_STRIPE_ID = re.compile(r"(cus|cs|pi)_[A-Za-z0-9_]+")


class AccountService:
    """Creates accounts, and finds them by id, e-mail, order or Stripe id."""

    def __init__(self, database: Database, account_store: AccountStore, clock: Clock) -> None:
        self.database = database
        self.account_store = account_store
        self.clock = clock

    @classmethod
    def over(cls, runtime: Runtime) -> Self:
        """The service on a runtime's collaborators."""
        return cls(runtime.database, AccountStore(), runtime.clock)

    def create(self, email: str, password_hash: str = "") -> Account:
        """A new account. Raises `InvalidInput` for a bad address and `Conflict` for one that has an account."""
        address = canonical_email(check_text(email, field="email", longest=320))
        check_text(password_hash, field="password_hash", longest=500, required=False)
        with self.database.write() as connection:
            return self.account_store.create(connection, address, password_hash, self.clock())

    def get(self, account_id: int) -> Account | None:
        """The account with this id; None if there is none."""
        if not is_id(account_id):
            return None
        with self.database.read() as connection:
            return self.account_store.get(connection, account_id)

    def get_by_email(self, email: str) -> Account | None:
        """The account with this e-mail address, in any case; None if there is none."""
        if not is_storable(email):
            return None
        with self.database.read() as connection:
            return self.account_store.get_by_email(connection, email.strip().lower())

    def search(self, text: str, limit: int = 50) -> list[Account]:
        """The accounts that `text` may mean, the surest first and each once.

        `text` is an account id or `#` and an order id, a Stripe customer, session or intent id, or the beginning of
        an e-mail address in any case; empty, it is every account.
        """
        wanted = text.strip()
        if not is_storable(wanted):
            return []
        found: list[Account | None] = []
        with self.database.read() as connection:
            if _NUMBER.fullmatch(wanted):
                number = int(wanted.removeprefix("#"))
                if is_id(number) and not wanted.startswith("#"):
                    found.append(self.account_store.get(connection, number))
                if is_id(number):
                    found.append(self.account_store.of_order(connection, number))
            elif _STRIPE_ID.fullmatch(wanted):
                found.append(self.account_store.of_stripe_object(connection, wanted))
            found.extend(self.account_store.starting_with(connection, wanted.lower(), limit))
        return list(dict.fromkeys(account for account in found if account is not None))[:limit]


def get_account_service() -> AccountService:
    """The account service of this process."""
    return AccountService.over(get_runtime())
