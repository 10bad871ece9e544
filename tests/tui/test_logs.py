import logging
import stat
from collections.abc import Iterator

import pytest

from tui.logs import keep_log, log_file, redacted


@pytest.fixture
def kept_log() -> Iterator[None]:
    root = logging.getLogger()
    before = list(root.handlers)
    keep_log()
    yield
    for handler in set(root.handlers) - set(before):
        root.removeHandler(handler)
        handler.close()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("key sk_test_51Nabc_DEF failed", "key sk_test_*** failed"),
        ("rk_live_123 whsec_abc", "rk_live_*** whsec_***"),
        ("postgresql://anna:hunter2@db/desk", "postgresql://anna:***@db/desk"),
        ("host=db password=hunter2 user=anna", "host=db password=*** user=anna"),
        ("order 12 paid at 14:03:07", "order 12 paid at 14:03:07"),
    ],
)
def test_secrets_are_redacted_and_nothing_else(text: str, shown: str) -> None:
    assert redacted(text) == shown


@pytest.mark.usefixtures("kept_log")
def test_an_error_is_kept_with_its_traceback_and_without_secrets() -> None:
    try:
        raise RuntimeError("refused sk_test_51Nabc")
    except RuntimeError:
        logging.getLogger("tui.calls").exception("unexpected error %s", "A1B2C3")
    text = log_file().read_text()
    assert "unexpected error A1B2C3" in text
    assert "RuntimeError: refused sk_test_***" in text
    assert "51Nabc" not in text
    assert stat.S_IMODE(log_file().stat().st_mode) == 0o600
