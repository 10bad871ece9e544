"""Seals: a chain of hashes over an account's ledger, which a later change of history does not fit."""

import hashlib
import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.errors import InvalidInput

BLOCK = 1_000
"""How many entries one seal covers at most."""

ROW_HASH_BYTES = 8
"""How much of each entry's hash a seal keeps, to name the one that differs. The chain is over all 32 bytes."""

NO_HASH = bytes(32)
"""What the first seal of an account follows."""

SEALED_COLUMNS = (
    "id",
    "account_id",
    "seq",
    "kind",
    "amount_cents",
    "balance_after_cents",
    "description",
    "order_id",
    "idempotency_key",
    "request_hash",
    "actor",
    "created_at",
    "reverses_id",
)
"""The columns of an entry in the order in which they are hashed: all there are.

Each is written as its length in bytes, a colon and its text in UTF-8; numbers in decimal, moments as microseconds since
1970 in UTC; NULL is a hyphen. An entry's hash is the SHA-256 of these, one after the other, on every database.
"""

_HEAD = re.compile(r"([1-9][0-9]{0,18}):([1-9][0-9]{0,18}):([0-9a-f]{64})", re.ASCII)

SealedRow = tuple[int, bytes]
"""An entry's number, and its columns as they are hashed."""


@dataclass(frozen=True)
class Seal:
    """The seal of the entries `first_seq` to `last_seq` of an account.

    `row_hashes` holds the first 8 bytes of each entry's hash. `chain_hash` is the SHA-256 of the chain hash before it,
    of the whole hashes of the entries, and of account, first and last number in 8 bytes each, the highest byte first.
    """

    account_id: int
    first_seq: int
    last_seq: int
    chain_hash: bytes
    row_hashes: bytes
    sealed_at: datetime


@dataclass(frozen=True)
class Head:
    """The newest seal of an account: kept elsewhere, it shows a history that was changed and sealed anew."""

    account_id: int
    seq: int
    chain_hash: str

    @property
    def text(self) -> str:
        """The head in one word, as `parse_head` reads it."""
        return f"{self.account_id}:{self.seq}:{self.chain_hash}"


@dataclass(frozen=True)
class SealBreak:
    """The first entry of an account, by its number, that is not what was sealed.

    `code` says how: an entry is `changed`, `missing` or there `twice`; the `seal` itself does not fit or is gone; or
    the chain is not the one that was `kept`.
    """

    code: str
    account_id: int
    seq: int
    sentence: str


@dataclass(frozen=True)
class SealVerification:
    """What was verified: the sealed entries and their accounts, and each account's first break."""

    accounts: int
    entries: int
    breaks: tuple[SealBreak, ...]

    @property
    def holds(self) -> bool:
        """Whether every entry is what was sealed."""
        return not self.breaks


def parse_head(text: str) -> Head:
    """The head that `Head.text` wrote. Raises `InvalidInput`."""
    match = _HEAD.fullmatch(text.strip())
    if match is None:
        raise InvalidInput(
            "A head is written like 12:3400:9f86… (account, number, 64 hexadecimal digits).", field="head"
        )
    return Head(int(match[1]), int(match[2]), match[3])


def sealed(
    account_id: int, chain_hash: bytes, rows: Sequence[SealedRow], sealed_at: datetime, size: int = BLOCK
) -> list[Seal]:
    """The seals of entries that follow each other, in blocks of `size`; `chain_hash` is that of the seal before."""
    seals = []
    for start in range(0, len(rows), size):
        block = rows[start : start + size]
        digests = [hashlib.sha256(columns).digest() for _, columns in block]
        chain_hash = chained(chain_hash, digests, account_id, block[0][0], block[-1][0])
        row_hashes = b"".join(digest[:ROW_HASH_BYTES] for digest in digests)
        seals.append(Seal(account_id, block[0][0], block[-1][0], chain_hash, row_hashes, sealed_at))
    return seals


def chained(before: bytes, digests: Iterable[bytes], account_id: int, first_seq: int, last_seq: int) -> bytes:
    """The chain hash of a block."""
    return hashlib.sha256(before + b"".join(digests) + struct.pack(">qqq", account_id, first_seq, last_seq)).digest()


def first_break(seal: Seal, before: bytes, rows: Iterable[SealedRow]) -> SealBreak | None:
    """The first of a block's entries that is not what was sealed; None where all are. `before` is the chain's hash."""

    def broken(code: str, seq: int, what: str) -> SealBreak:
        return SealBreak(code, seal.account_id, seq, f"Entry {seq} of account {seal.account_id} {what}.")

    expected = seal.first_seq
    digests: list[bytes] = []
    for seq, columns in rows:
        if seq > expected:
            return broken("missing", expected, "was sealed and is not there")
        if seq < expected:
            return broken("twice", seq, "was sealed once and is there twice")
        digest = hashlib.sha256(columns).digest()
        place = ROW_HASH_BYTES * len(digests)
        if digest[:ROW_HASH_BYTES] != seal.row_hashes[place : place + ROW_HASH_BYTES]:
            return broken("changed", seq, "is not what was sealed")
        digests.append(digest)
        expected += 1
    if expected <= seal.last_seq:
        return broken("missing", expected, "was sealed and is not there")
    if chained(before, digests, seal.account_id, seal.first_seq, seal.last_seq) != seal.chain_hash:
        return broken(
            "seal", seal.first_seq, f"begins a seal, up to entry {seal.last_seq}, that does not fit the chain"
        )
    return None
