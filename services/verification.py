"""Verifying that all stored rows add up: the ledger, the orders, the codes, the refunds, and who changed what."""

from typing import Self

from services.database import Database
from services.domain.verification import Break, Counted, Verification
from services.runtime import Runtime
from services.stores.verification import Progress, VerificationStore

__all__ = ["Break", "Counted", "Progress", "Verification", "VerificationService"]


class VerificationService:
    """Proves the stored rows against each other. It changes nothing and does not ask Stripe."""

    def __init__(self, database: Database, verification_store: VerificationStore) -> None:
        self.database = database
        self.verification_store = verification_store

    @classmethod
    def over(cls, runtime: Runtime) -> Self:
        """The service on a runtime's collaborators."""
        return cls(runtime.database, VerificationStore())

    def verify(self, progress: Progress | None = None) -> Verification:
        """Makes every check on the rows of one moment, while others go on writing. A million entries take seconds.

        `progress` is told after each check how many are made, and of how many. Raises `TryAgain` where the database
        cannot be reached.
        """
        with self.database.read() as connection:
            self.verification_store.hold_still(connection)
            return self.verification_store.verify(connection, progress)
