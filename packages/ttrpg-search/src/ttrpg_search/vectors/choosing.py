"""Which index of vectors is used; all of them read the same files, so a change costs nothing."""

from importlib.util import find_spec

import attrs

from ttrpg_core.context import Context
from ttrpg_search.vectors.exact import Exact
from ttrpg_search.vectors.faiss_index import FaissIndex

FOLDER = "vectors"


def suited(context: Context) -> Exact:
    """Exact; with faiss where it is installed and a question would gain by it."""
    if find_spec("faiss") is None:
        return exact(context)
    return FaissIndex(_shared(context), patient=True)


def exact(context: Context) -> Exact:
    """Every vector compared, the likeliest in full."""
    return Exact(_shared(context))


def faiss(context: Context) -> FaissIndex:
    """Codes of faiss from the first question on, once there are vectors enough."""
    return FaissIndex(_shared(context))


def _shared(context: Context) -> Context:
    return attrs.evolve(context, folder=context.folder.with_name(FOLDER))
