import pytest

from services.domain.account import canonical_email
from services.errors import InvalidInput


@pytest.mark.parametrize("text", ["maria@example.com", " Maria@Example.COM ", "MARIA@EXAMPLE.COM\n"])
def test_an_address_has_one_form(text: str) -> None:
    assert canonical_email(text) == "maria@example.com"


@pytest.mark.parametrize("text", ["a@b", "o'neil+desk@mail.example.com", "100%_x@example.com", "ünï@exämple.com"])
def test_unusual_addresses_are_addresses(text: str) -> None:
    assert canonical_email(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "maria",
        "@example.com",
        "maria@",
        "a@b@c",
        "a b@c",
        "a@b c",
        "x" * 65 + "@b",
        "a@b\0",
        "a\x1b[2J@b",
        "a\u202e@b",
    ],
)
def test_what_is_not_an_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="looks like name@") as refused:
        canonical_email(text)
    assert refused.value.field == "email"
