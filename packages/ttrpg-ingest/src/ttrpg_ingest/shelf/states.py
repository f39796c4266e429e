"""How it stands with a book on the shelf, in two words."""

from typing import Literal, TypeAlias

State: TypeAlias = Literal["ready", "not read", "partly read", "not indexed", "file missing"]
