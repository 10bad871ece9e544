"""The PostgreSQL database of these tests is emptied after each of them instead of made anew."""

from tests.stores.recycled import postgresql_url, recycled_url

__all__ = ["postgresql_url", "recycled_url"]
