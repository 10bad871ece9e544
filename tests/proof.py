"""The proof that every test of money ends with: all stored rows add up."""

from services.clock import system_clock
from services.database import Database
from services.runtime import Runtime
from services.seals import SealService
from services.stores.seals import SealStore
from services.stores.verification import VerificationStore
from services.verification import Verification, VerificationService


def assert_verified(desk: Database | Runtime) -> Verification:
    """Fails with every break where the rows of a desk do not add up; else returns what was verified."""
    database = desk.database if isinstance(desk, Runtime) else desk
    seals = SealService(database, SealStore(), system_clock)
    verification = VerificationService(database, VerificationStore(), seals).verify()
    assert verification.holds, "\n".join(f"{found.code}: {found.sentence}" for found in verification.breaks)
    return verification
