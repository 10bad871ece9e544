"""Where settings come from: the same answer with pydantic-settings and without it."""

import itertools
import os
from pathlib import Path

import pytest

from services.environment import database_url, given
from services.errors import ConfigurationError
from services.settings import Settings, load_settings, sources

NO_FILE = None
FILES = (
    NO_FILE,
    "",
    "DATABASE_URL=",
    "DATABASE_URL",
    'DATABASE_URL=""',
    "DATABASE_URL='sqlite:///quoted # and more.db' # a comment",
    'export database_url = "sqlite:///a\\tb.db"',
    "DATABASE_URL=sqlite:///${PLACE}/${NOWHERE:-desk}.db",
    "# DATABASE_URL=sqlite:///comment.db\nDATABASE_URL=sqlite:///first.db\nDataBase_Url=sqlite:///second.db\n",
    "DATABASE_URL=postgresql://anna:pass=word@host/desk?sslmode=require\nPRODUCT_NAME=Größe",
    "not a setting\n=\nDATABASE_URL sqlite:///no.db",
)
ENVIRONMENTS: tuple[dict[str, str], ...] = (
    {},
    {"DATABASE_URL": ""},
    {"DATABASE_URL": "sqlite:///environment.db"},
    {"database_url": " sqlite:///lower case.db"},
    {"PLACE": "/there", "PRODUCT_NAME": ""},
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PAYDESK_CONFIG_DIR", str(tmp_path))
    return tmp_path


def put(path: Path, text: str | None) -> None:
    path.unlink(missing_ok=True)
    if text is not None:
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_each_source_says_is_read_as_pydantic_settings_reads_it(
    environment: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    file, local = folder / "settings.env", folder / "settings.local.env"
    addresses = set()
    for texts in itertools.product(FILES, repeat=2):
        put(file, texts[0])
        put(local, texts[1])
        settings = load_settings()
        assert settings == Settings(_env_file=(file, local)), texts
        assert database_url(given()) == settings.database_url.get_secret_value(), texts
        addresses.add(settings.database_url.get_secret_value())
    assert len(addresses) == (1 if "database_url" in map(str.lower, environment) else 6), addresses


def test_the_source_of_a_setting_is_the_one_whose_value_it_has(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder / "settings.env", "PRICE_MODE=sale\nCURRENCY=usd\nPRODUCT_NAME=Desk\nBASE_URL=http://desk.example\n")
    put(folder / "settings.local.env", "CURRENCY=usd\nPRODUCT_NAME=\n")
    monkeypatch.setenv("BASE_URL", "")
    origins = sources()
    assert (origins["price_mode"], origins["currency"]) == ("settings.env", "settings.local.env")
    settings = load_settings()
    assert (origins["product_name"], settings.product_name) == ("default", "Thunderbird Access")
    assert (origins["base_url"], settings.base_url) == ("default", "http://localhost:8000")


@pytest.mark.parametrize("name", ["settings.env", "settings.local.env"])
def test_a_file_that_is_no_text_is_named(name: str, folder: Path) -> None:
    put(folder / name, "")
    (folder / name).write_bytes(b"PRODUCT_NAME=\xff")
    for read in (given, load_settings):
        with pytest.raises(ConfigurationError, match=rf"^{name} cannot be read\.$"):
            read()


def test_a_folder_of_settings_may_be_named_from_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("PAYDESK_CONFIG_DIR", os.path.join("~", "desk"))
    (folder / "desk").mkdir()
    put(folder / "desk" / "settings.local.env", "PRODUCT_NAME=Ours")
    assert load_settings().product_name == "Ours"
    (folder / "desk" / "settings.local.env").chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        given()
