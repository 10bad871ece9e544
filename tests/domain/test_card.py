from services.domain.card import Card


def test_the_expiry_reads_as_on_the_card() -> None:
    assert [Card("pm_1", "visa", "4242", month, year).expiry for month, year in ((1, 2031), (12, 2109), (7, 2000))] == [
        "01/31",
        "12/09",
        "07/00",
    ]
