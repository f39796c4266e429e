"""The embedding that ships: the suite, what it knows, and that it is quick to come by."""

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest

from ttrpg_core.context import Context
from ttrpg_core.errors import PluginError
from ttrpg_core.testing import EmbedderTests
from ttrpg_search.embed.static import FILE, Static


class TestStatic(EmbedderTests):
    @pytest.fixture
    def embedder(self):
        return Static(Context())


@pytest.fixture(scope="module")
def shipped():
    return Static()


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        (
            "I hold my breath under water",
            "A creature that is drowning drops to 0 hit points.",
            "Plate armor gives an armor class of 18.",
        ),
        (
            "sneak past the guards",
            "Dexterity (Stealth) checks to hide",
            "Strength (Athletics) checks to climb",
        ),
        (
            "how long does it take to get healthy overnight",
            "Long Rest: after eight hours of sleep a character regains all lost hit points.",
            "Poisoned: a poisoned creature has disadvantage on attack rolls.",
        ),
        ("cannot see", "blinded", "deafened"),
        ("mend a wound", "restore hit points", "spend gold pieces"),
    ],
)
def test_it_knows_what_words_mean(shipped, question, right, wrong):
    asked, near, far = shipped.embed([question, right, wrong])
    assert asked @ near > asked @ far + 0.05


def test_a_pair_says_more_than_its_words(shipped):
    table = shipped._table
    for phrase in ("hit points", "saving throw", "armor class"):
        left, right = (table.words[word] for word in phrase.split())
        assert (left, right) in table.pairs
    assert len(shipped.numbers("saving throw")) == 3


def test_words_it_never_met_have_a_direction_too(shipped):
    vectors = shipped.embed(["", "龍", "\u200b"])
    assert np.array_equal(vectors[0], vectors[1])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)


def test_many_texts_have_the_vectors_of_each(shipped):
    texts = [f"room {n} has {'a door ' * (n % 7)}" for n in range(600)]
    alone = np.concatenate([shipped.embed([text]) for text in texts[::50]])
    assert np.allclose(shipped.embed(texts)[::50], alone, atol=1e-6)


def test_its_name_is_of_its_content(shipped):
    line, _, body = FILE.read_bytes().partition(b"\n")
    told = json.loads(line)
    assert told["id"] == shipped.id
    assert told["id"].endswith("/" + hashlib.sha256(body).hexdigest()[:12])
    assert FILE.stat().st_size < 8_000_000
    assert any("CC-BY-4.0" in source for source in told["sources"])


@pytest.mark.parametrize("keep", [0, 10, 5000, -1])
def test_a_part_of_the_file_is_refused(tmp_path, keep):
    path = tmp_path / "static.bin"
    path.write_bytes(FILE.read_bytes()[:keep])
    with pytest.raises(PluginError, match="damaged") as caught:
        Static(path=path).embed(["a"])
    assert caught.value.hint


def test_it_brings_nothing_but_numpy():
    code = (
        "import sys; from ttrpg_search.embed.static import Static; Static().embed(['a dragon'])\n"
        "print(sorted(sys.modules.keys() & {'scipy','torch','onnxruntime','faiss','httpx',"
        "'sqlite_utils','click','ttrpg_search.embed.bert'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
