import os
import traceback
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.environment import config_directory
from services.errors import ConfigurationError
from services.settings import Settings, load_settings

SECRET = "sk_live_do_not_tell"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of settings; nothing of them is in the environment."""
    monkeypatch.setenv("PAYDESK_CONFIG_DIR", str(tmp_path))
    return tmp_path


def write_local(folder: Path, text: str, mode: int = 0o600) -> None:
    path = folder / "settings.local.env"
    path.write_text(text)
    path.chmod(mode)


def test_without_files_and_environment_the_defaults_hold(folder: Path) -> None:
    settings = load_settings()
    assert (settings.price_rrp_cents, settings.price_launch_cents, settings.price_sale_cents) == (4999, 2999, 2499)
    assert (settings.price_mode, settings.initial_credit_cents) == ("launch", None)
    assert (settings.currency, settings.product_name) == ("usd", "Thunderbird Access")
    assert settings.base_url == "http://localhost:8000"
    assert settings.stripe_api_base == "https://api.stripe.com"
    assert settings.stripe_publishable_key == ""
    assert settings.stripe_webhook_secret.get_secret_value() == ""
    assert (settings.stripe_configured, settings.livemode, settings.allow_live) == (False, False, False)
    assert settings.allow_promotion_codes
    assert settings.database_url.get_secret_value() == f"sqlite:///{os.environ['XDG_DATA_HOME']}/paydesk/paydesk.db"


def test_the_committed_file_says_what_the_defaults_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PAYDESK_CONFIG_DIR")
    committed = config_directory() / "settings.env"
    assert Settings(_env_file=committed) == Settings(_env_file=None)
    lines = [line for line in committed.read_text().splitlines() if line and not line.startswith("#")]
    named = {line.partition("=")[0].lower() for line in lines}
    assert named == set(Settings.model_fields)


def test_the_environment_wins_over_the_local_file_which_wins_over_the_committed_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "settings.env").write_text("PRICE_RRP_CENTS=1\nPRICE_LAUNCH_CENTS=1\nPRICE_SALE_CENTS=1\nUNKNOWN=1\n")
    write_local(folder, "PRICE_LAUNCH_CENTS=2\nPRICE_SALE_CENTS=2\n")
    monkeypatch.setenv("PRICE_SALE_CENTS", "3")
    settings = load_settings()
    assert (settings.price_rrp_cents, settings.price_launch_cents, settings.price_sale_cents) == (1, 2, 3)


def test_an_empty_value_is_no_value(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "settings.env").write_text("DATABASE_URL=\nINITIAL_CREDIT_CENTS=\n")
    monkeypatch.setenv("PRICE_MODE", "")
    settings = load_settings()
    assert settings.database_url.get_secret_value().startswith("sqlite:///")
    assert (settings.price_mode, settings.initial_credit_cents) == ("launch", None)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o610, 0o601])
def test_a_local_file_that_others_can_reach_is_refused(folder: Path, mode: int) -> None:
    write_local(folder, f"STRIPE_SECRET_KEY={SECRET}\n", mode)
    with pytest.raises(ConfigurationError, match="chmod 600") as refused:
        load_settings()
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_local_file_of_its_owner_alone_may_hold_the_key(folder: Path, mode: int) -> None:
    write_local(folder, f"STRIPE_SECRET_KEY={SECRET}\n", mode)
    settings = load_settings()
    assert settings.stripe_secret_key.get_secret_value() == SECRET
    assert settings.stripe_configured


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PRICE_RRP_CENTS", "s3cret"),
        ("PRICE_LAUNCH_CENTS", "-1"),
        ("PRICE_SALE_CENTS", "100000000"),
        ("PRICE_LAUNCH_CENTS", "29.99"),
        ("PRICE_MODE", "s3cret"),
        ("INITIAL_CREDIT_CENTS", "s3cret"),
        ("CURRENCY", "s3cret"),
        ("BASE_URL", "ftp://s3cret"),
        ("STRIPE_API_BASE", "s3cret"),
        ("ALLOW_LIVE", "s3cret"),
        ("ALLOW_PROMOTION_CODES", "s3cret"),
        ("PRODUCT_NAME", "s3cret" * 50),
    ],
)
def test_a_bad_value_names_its_setting_and_never_itself(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    assert refused.value.field == name.lower()
    assert refused.value.sentence.startswith(f"{name}: ")
    told = "".join(traceback.format_exception(refused.value))
    assert "s3cret" not in told
    assert value not in refused.value.sentence.partition(": ")[2]


def test_secrets_are_not_shown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_SECRET_KEY", SECRET)
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", "whsec_do_not_tell")
    monkeypatch.setenv("DATABASE_URL", "postgresql://anna:do_not_tell@db/desk")
    settings = load_settings()
    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert "do_not_tell" not in shown


def test_the_settings_cannot_be_changed() -> None:
    settings = Settings(_env_file=None)
    with pytest.raises(ValueError, match="frozen"):
        settings.allow_live = True  # type: ignore[misc]


def test_an_address_loses_its_trailing_slash() -> None:
    settings = Settings(_env_file=None, base_url="https://desk.example/", stripe_api_base="http://127.0.0.1:1/")
    assert (settings.base_url, settings.stripe_api_base) == ("https://desk.example", "http://127.0.0.1:1")


@pytest.mark.parametrize("key", ["sk_live_x", "rk_live_x"])
def test_a_live_key_is_refused_unless_it_is_allowed(key: str) -> None:
    settings = Settings(_env_file=None, stripe_secret_key=SecretStr(key))
    assert settings.livemode
    with pytest.raises(ConfigurationError, match="real money") as refused:
        settings.check_stripe_key()
    assert (refused.value.field, key in str(refused.value)) == ("stripe_secret_key", False)
    Settings(_env_file=None, stripe_secret_key=SecretStr(key), allow_live=True).check_stripe_key()


@pytest.mark.parametrize("key", ["", "sk_test_x", "rk_test_live_x"])
def test_a_test_key_or_none_is_allowed(key: str) -> None:
    settings = Settings(_env_file=None, stripe_secret_key=SecretStr(key))
    settings.check_stripe_key()
    assert not settings.livemode


@pytest.mark.parametrize("key", ["pk_test_x", "whsec_x", "SK_TEST_x", "x", " sk_test_x", "sk_test_a b", "sk_test_a\n"])
def test_what_is_no_secret_key_is_refused(key: str) -> None:
    settings = Settings(_env_file=None, stripe_secret_key=SecretStr(key), allow_live=True)
    with pytest.raises(ConfigurationError, match="does not look like a Stripe secret key") as refused:
        settings.check_stripe_key()
    assert key not in str(refused.value) or key == "x"
