"""Verifying that all stored rows add up: the ledger and its seals, orders, codes, refunds, and who changed what."""

from dataclasses import replace
from typing import Self

from services.database import Database
from services.domain.verification import Break, Counted, Verification
from services.runtime import Runtime
from services.seals import SealService
from services.stores.verification import CHECKS, Progress, VerificationStore

__all__ = ["Break", "Counted", "Progress", "Verification", "VerificationService"]


class VerificationService:
    """Proves the stored rows against each other. It changes nothing and does not ask Stripe."""

    def __init__(self, database: Database, verification_store: VerificationStore, seal_service: SealService) -> None:
        self.database = database
        self.verification_store = verification_store
        self.seal_service = seal_service

    @classmethod
    def over(cls, runtime: Runtime) -> Self:
        """The service on a runtime's collaborators."""
        return cls(runtime.database, VerificationStore(), SealService.over(runtime))

    def verify(self, progress: Progress | None = None) -> Verification:
        """Makes every check on the rows of one moment, while others go on writing. A million entries take seconds.

        Then every sealed entry is held against its seal: the first that is not what was sealed is named by its account
        and its number. `progress` is told after each check how many are made, and of how many. Raises `TryAgain` where
        the database cannot be reached.
        """
        sums = len(CHECKS)
        with self.database.read() as connection:
            self.verification_store.hold_still(connection)
            verification = self.verification_store.verify(
                connection, None if progress is None else lambda made, _: progress(made, sums + 1)
            )
        # What is sealed never changes: it is read in short transactions of its own, for that may take minutes.
        sealed = self.seal_service.verify()
        if progress is not None:
            progress(sums + 1, sums + 1)
        breaks = tuple(Break("sealed", found.sentence, account_id=found.account_id) for found in sealed.breaks[:1])
        return Verification(
            counted=replace(verification.counted, sealed_entries=sealed.entries),
            checks=sums + 1,
            breaks=verification.breaks + breaks,
        )
