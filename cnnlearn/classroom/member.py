"""A student of a class, and by what names platforms may know them."""

import re
import unicodedata
from dataclasses import dataclass
from itertools import permutations


@dataclass(frozen=True)
class Member:
    """A student of the class, with what the roster tells."""

    name: str
    first: str = ""
    last: str = ""
    id: str = ""
    sis: str = ""
    login: str = ""
    email: str = ""
    section: str = ""

    @property
    def keys(self) -> set[str]:
        """By what a submission may be named: the name in any order, the login, an id."""
        name = words(self.name or f"{self.first} {self.last}")
        orders = permutations(name) if len(name) <= 4 else [name]
        return {"".join(order) for order in orders} | {
            "".join(words(own)) for own in (self.id, self.sis, self.login, self.email) if own
        }


def words(text: str) -> list[str]:
    """Its words in small letters without accents."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.findall(r"[^\W_]+", plain.casefold())
