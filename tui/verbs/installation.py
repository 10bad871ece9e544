"""The installation on the command line: its database, its settings, its state."""

import argparse
from dataclasses import asdict
from typing import Any

from tui import __version__
from tui.desk import Desk
from tui.present import NOTHING
from tui.verbs.verb import DONE, INTEGRITY, REFUSED, Answer, group, verb


def add_database_verbs(groups: Any) -> None:
    """`paydesk db ...`: the database."""
    database = group(groups, "db", "the database")
    verb(database, "upgrade", _database_upgrade, "create the tables, or bring them up to this version")


def add_doctor_verb(groups: Any) -> None:
    """`paydesk doctor`: the state of the installation."""
    verb(groups, "doctor", _doctor, "show settings and their sources, database and Stripe mode")


def add_verify_verb(groups: Any) -> None:
    """`paydesk verify`: the proof of all stored rows."""
    verb(groups, "verify", _verify, "prove that all stored rows add up; exit code 4 where they do not")


def add_demo(groups: Any) -> None:
    """`paydesk demo`, for the help: the desk opens it itself."""
    groups.add_parser("demo", help="open the desk on a throw-away database with a Stripe sandbox")


def _database_upgrade(_: Desk, __: argparse.Namespace) -> Answer:
    from services.runtime import upgrade_database

    label = upgrade_database()
    return Answer({"database": label}, [(f"{label} is ready.",)])


def _doctor(_: Desk, __: argparse.Namespace) -> Answer:
    from services.doctor import examine

    findings = examine()
    rows = [
        (finding.subject, finding.name, finding.value or NOTHING, finding.source, finding.problem or finding.warning)
        for finding in findings
    ]
    broken = any(finding.problem for finding in findings)
    version = {"subject": "program", "name": "paydesk", "value": __version__}
    return Answer(
        [version, *findings],
        [("program", "paydesk", __version__, "", ""), *rows],
        exit_code=REFUSED if broken else DONE,
    )


def _verify(desk: Desk, _: argparse.Namespace) -> Answer:
    verification = desk.verification.verify()
    return Answer(
        {"holds": verification.holds, **asdict(verification)},
        [(verification.sentence,), *((f"{found.code}: {found.sentence}",) for found in verification.breaks)],
        exit_code=DONE if verification.holds else INTEGRITY,
    )
