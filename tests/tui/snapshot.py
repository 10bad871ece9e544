"""Pictures of the screen: one SVG file for each snapshot, the same on every run and every machine."""

import re

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from tui.app import PaydeskApp


class SvgExtension(SingleFileSnapshotExtension):
    """One `.svg` file for each snapshot, compared as text."""

    file_extension = "svg"
    _write_mode = WriteMode.TEXT


def picture(app: PaydeskApp) -> str:
    """The screen as an SVG without what differs from run to run: Textual makes its class names up at random."""
    svg = app.export_screenshot(title="paydesk")
    return re.sub(r"terminal-\d+-", "terminal-", svg)


@pytest.fixture
def svg(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Compare a picture with the stored one: `assert picture(app) == svg`. `pytest --snapshot-update` stores it."""
    return snapshot.use_extension(SvgExtension)
