"""The fields, the choice and the list, each on a bare app."""

from textual import events
from textual.app import App, ComposeResult
from textual.content import Content
from textual.widgets import Input

from services.errors import InvalidInput
from tui.themes import PAYDESK_DARK
from tui.widgets.choice import Choice
from tui.widgets.field import Field, show_error
from tui.widgets.line_input import LineInput
from tui.widgets.money_input import MoneyInput
from tui.widgets.table import Column, Row, Table


class Bench(App[None]):
    """A bare app with one of each."""

    def __init__(self) -> None:
        super().__init__()
        self.register_theme(PAYDESK_DARK)
        self.theme = PAYDESK_DARK.name
        self.moved: list[str | None] = []
        self.chosen: list[str] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return {"muted": "gray"}

    def compose(self) -> ComposeResult:
        yield Field("Amount", MoneyInput(2999), name="amount_cents")
        yield Field("Why", LineInput(), name="description reason")
        yield Choice([("a", "first"), ("b", "second"), ("c", "third")], "a")
        yield Table([Column("key", grows=True), Column("n", align="right")], empty="Nothing here.\nPress n.")

    def on_table_moved(self, event: Table.Moved) -> None:
        self.moved.append(event.key)

    def on_table_chosen(self, event: Table.Chosen) -> None:
        self.chosen.append(event.key)


def rows(*keys: str) -> list[Row]:
    return [Row(key, [Content(key), Content(str(index))]) for index, key in enumerate(keys)]


def lines(table: Table) -> list[str]:
    return [table.render_line(y).text.rstrip() for y in range(table.size.height)]


async def test_several_pasted_lines_are_joined_and_nothing_is_cut() -> None:
    app = Bench()
    async with app.run_test() as pilot:
        field = app.query_one(LineInput)
        why = app.query(LineInput).last()
        why.focus()
        why.post_message(events.Paste("first\n\nsecond\x1b[2J\nthird\n"))
        await pilot.pause()
        assert why.value == "first second␛[2J third"
        field.value = ""
        field.focus()
        field.post_message(events.Paste("12\n34"))
        await pilot.pause()
        assert field.value == "12 34"
        amount = app.query(Field).first()
        assert amount.cents() is None
        assert amount.error.startswith("An amount is written like")


async def test_an_error_stands_at_its_field_and_typing_takes_it_back() -> None:
    app = Bench()
    async with app.run_test() as pilot:
        assert show_error(app.screen, InvalidInput("Too long.", field="reason"))
        why = app.query(Field).last()
        assert why.error == "Too long."
        assert why.has_class("-wrong")
        await pilot.pause()
        assert app.focused is why.query_one(Input)
        await pilot.press("x")
        assert why.error == ""
        assert why.text == "x"
        assert not show_error(app.screen, InvalidInput("Elsewhere.", field="other"))


async def test_an_amount_keeps_its_text_after_an_error() -> None:
    app = Bench()
    async with app.run_test() as pilot:
        field = app.query(Field).first()
        assert field.cents() == 2999
        field.query_one(MoneyInput).value = "1_000"
        await pilot.pause()
        assert field.cents() is None
        assert field.query_one(MoneyInput).value == "1_000"
        field.query_one(MoneyInput).value = "10.5"
        assert field.cents() == 1050


async def test_a_choice_moves_and_stops_at_its_ends() -> None:
    app = Bench()
    async with app.run_test() as pilot:
        choice = app.query_one(Choice)
        choice.focus()
        await pilot.press("right", "l", "right")
        assert choice.value == "c"
        await pilot.press("left")
        assert choice.value == "b"
        await pilot.click(Choice, offset=(3, 0))
        assert choice.value == "a"


async def test_the_cursor_stays_on_its_row_when_the_list_is_read_again() -> None:
    app = Bench()
    async with app.run_test() as pilot:
        table = app.query_one(Table)
        table.focus()
        table.show(rows("a", "b", "c"))
        await pilot.press("j", "j")
        assert table.key == "c"
        table.show(rows("new", "a", "b", "c"))
        assert (table.key, table.cursor) == ("c", 3)
        table.show(rows("new"))
        assert table.key == "new"
        await pilot.press("enter")
        assert app.chosen == ["new"]


async def test_an_empty_list_says_what_would_fill_it_but_only_once_it_is_read() -> None:
    app = Bench()
    async with app.run_test() as pilot:
        table = app.query_one(Table)
        assert lines(table)[:2] == ["", ""]
        table.show([])
        await pilot.pause()
        assert lines(table)[:2] == ["Nothing here.", "Press n."]
        assert table.key is None


async def test_the_heading_stays_and_every_row_can_be_reached() -> None:
    app = Bench()
    async with app.run_test(size=(40, 10)) as pilot:
        table = app.query_one(Table)
        table.focus()
        table.show(rows(*(f"row{number}" for number in range(50))))
        await pilot.press("G")
        await pilot.pause()
        shown = lines(table)
        assert shown[0].startswith("key")
        assert shown[-1].startswith("row49")
        await pilot.press("g")
        await pilot.pause()
        assert lines(table)[1].startswith("row0")
        await pilot.click(Table, offset=(2, 3))
        assert table.key == "row2"


async def test_columns_share_the_room_and_cut_with_a_mark() -> None:
    app = Bench()
    async with app.run_test(size=(30, 12)) as pilot:
        table = app.query_one(Table)
        table.show([Row("x", [Content("山田太郎" * 10), Content("$1,234.56")])])
        await pilot.pause()
        line = table.render_line(1)
        assert "…" in line.text
        assert line.text.rstrip().endswith("$1,234.56")
        assert line.cell_length == table.scrollable_content_region.width
