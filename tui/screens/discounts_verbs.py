"""The verbs of the discounts screen."""

from tui.commands import Command


class ShowUses(Command):
    """Shows the report of the code under the cursor."""

    key = "enter"
    label = "uses"
    help = "Show what became of the uses of the code under the cursor."


class NewCode(Command):
    """Makes a code."""

    key = "n"
    label = "new…"
    help = "Make a discount code."


class EditCode(Command):
    """Changes the terms of the code under the cursor."""

    key = "e"
    label = "edit…"
    help = "Change the terms of the code under the cursor; what it takes off only until an order was made with it."


class DuplicateCode(Command):
    """Makes a code with the terms of the one under the cursor."""

    key = "u"
    label = "duplicate…"
    help = "Make a new code that starts with the terms of the one under the cursor."
    footer = False


class SwitchCode(Command):
    """Disables or enables the code under the cursor."""

    key = "d"
    label = "disable/enable…"
    help = "Disable the code under the cursor, or enable it again, once it is confirmed."


class SwitchShown(Command):
    """Disables or enables all codes that fit the filter."""

    key = "D"
    label = "disable/enable all shown…"
    help = "Disable or enable every code that fits the filter, all of them or none, once it is confirmed."
    footer = False


class GenerateCodes(Command):
    """Makes many codes at once."""

    key = "b"
    label = "bulk…"
    help = "Make many codes that nobody guesses or misreads, all of them or none, and write them to a file."
    footer = False


class ReportCode(Command):
    """Shows what became of the uses of the code under the cursor."""

    key = "o"
    label = "report"
    help = "Show what became of the uses of the code under the cursor: the sums, the days, and every one of them."
    footer = False


class NextStatus(Command):
    """Lists the codes of the next status."""

    key = "s"
    label = "status"
    help = "List the codes of the next status: active, scheduled, expired, sold out, disabled, and all again."


class TryCode(Command):
    """Goes to the try-it field."""

    key = "t"
    label = "try"
    help = "Try any code against the price in force, and see what a customer would be told."
