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
    if not is_storable(trimmed):
        raise InvalidInput(f"The {field.replace('_', ' ')} holds a character that cannot be stored.", field=field)
    return trimmed


def is_storable(text: str) -> bool:
    """Whether both databases can store `text`, and so whether it can be found in them: no NUL, no half surrogates."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def is_id(value: object) -> TypeGuard[int]:
    """Whether `value` is an `int` (no bool) that can be the id of a row."""
    return type(value) is int and 1 <= value < 2**63


def either_case(character: str) -> str:
    """The character with its lower and its upper case, each once; one that another case writes as two stays alone."""
    cases = (character, character.lower(), character.upper())
    return "".join(dict.fromkeys(case for case in cases if len(case) == 1))
