import pytest

from services.domain.explanation import dashboard_url


@pytest.mark.parametrize(
    ("stripe_id", "livemode", "url"),
    [
        ("pi_3Abc", True, "https://dashboard.stripe.com/payments/pi_3Abc"),
        ("pi_3Abc", False, "https://dashboard.stripe.com/test/payments/pi_3Abc"),
        ("cus_9", False, "https://dashboard.stripe.com/test/customers/cus_9"),
        ("cs_test_a1B2", False, "https://dashboard.stripe.com/test/search?query=cs_test_a1B2"),
        ("re_7", True, "https://dashboard.stripe.com/search?query=re_7"),
        ("pi_../../login", True, None),
        ("pi_1\n", True, None),
        ("javascript:alert(1)", True, None),
        ("", True, None),
    ],
)
def test_an_object_has_its_page_in_the_mode_that_it_lives_in(stripe_id: str, livemode: bool, url: str | None) -> None:
    assert dashboard_url(stripe_id, livemode=livemode) == url
