"""Text that people and programs hand in: what may be stored, and numbers that may be asked for."""

from typing import TypeGuard

from services.errors import InvalidInput


def check_text(text: object, *, field: str, longest: int, required: bool = True) -> str:
    """The text trimmed, if it can be stored.

    Raises `InvalidInput` for what is not text, is empty though required, longer than `longest` characters, or holds
    NUL or half of a surrogate pair, which PostgreSQL cannot store.
    """
    if not isinstance(text, str):
        raise InvalidInput(f"The {field.replace('_', ' ')} is a text.", field=field)
    trimmed = text.strip()
    if required and not trimmed:
        raise InvalidInput(f"The {field.replace('_', ' ')} must not be empty.", field=field)
    if len(trimmed) > longest:
        raise InvalidInput(f"The {field.replace('_', ' ')} has at most {longest} characters.", field=field)
    if "\0" in trimmed or any("\ud800" <= character <= "\udfff" for character in trimmed):
        raise InvalidInput(f"The {field.replace('_', ' ')} holds a character that cannot be stored.", field=field)
    return trimmed


def is_id(value: object) -> TypeGuard[int]:
    """Whether `value` is an `int` (no bool) that can be the id of a row."""
    return type(value) is int and 1 <= value < 2**63
