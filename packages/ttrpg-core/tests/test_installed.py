"""Entry points read from the disk are those that importlib.metadata answers."""

import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from ttrpg_core.installed import Point, Unreadable, normalised, points


def distribution(site: Path, folder: str, text: str | None) -> None:
    info = site / folder
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: x\nVersion: 1\n")
    if text is not None:
        (info / "entry_points.txt").write_text(text, "utf-8")


@pytest.mark.parametrize("group", ["ttrpg", "console_scripts", "pytest11"])
def test_the_same_as_importlib_metadata_in_this_environment(group):
    theirs = {
        (each.name, each.value, normalised(each.dist.name), each.dist.version)
        for each in metadata.entry_points(group=group)
    }
    ours = {tuple(each) for each in points(group) if isinstance(each, Point)}
    assert ours == theirs
    assert ours


def test_what_is_loaded_is_the_attribute():
    assert Point("j", "json:dumps", "", "").load() is __import__("json").dumps
    assert Point("j", "os.path : join [extra]", "", "").load() is __import__("os").path.join


def test_the_first_of_two_copies_counts_whatever_the_spelling(tmp_path):
    distribution(tmp_path / "a", "Ttrpg_Echo-2.0.dist-info", "[ttrpg]\necho = new\n")
    distribution(tmp_path / "b", "ttrpg.echo-1.0.dist-info", "[ttrpg]\necho = old\n")
    found = list(points("ttrpg", [str(tmp_path / "a"), str(tmp_path / "b")]))
    assert found == [Point("echo", "new", "ttrpg-echo", "2.0")]


def test_other_sections_comments_and_noise_are_passed_over(tmp_path):
    text = (
        "[other]\na = b\n# c\n[ ttrpg ]\n; d\n\nnot a point\n echo  =  mod:attr \n[last]\nz = y\n"
    )
    distribution(tmp_path, "ttrpg_echo-1.0.dist-info", text)
    assert list(points("ttrpg", [str(tmp_path)])) == [
        Point("echo", "mod:attr", "ttrpg-echo", "1.0")
    ]


def test_unreadable_ones_are_named_and_the_others_read(tmp_path):
    distribution(tmp_path, "bad-1.0.dist-info", None)
    (tmp_path / "bad-1.0.dist-info/entry_points.txt").write_bytes(b"\xff[ttrpg]")
    distribution(tmp_path, "good-1.0.dist-info", "[ttrpg]\ngood = good\n")
    bad, good = points("ttrpg", [str(tmp_path)])
    assert isinstance(bad, Unreadable)
    assert bad.distribution == "bad"
    assert good == Point("good", "good", "good", "1.0")


def test_a_zip_on_the_path_is_asked_through_importlib_metadata(tmp_path):
    archive = tmp_path / "plugins.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("ttrpg_zip-3.0.dist-info/METADATA", "Name: ttrpg-zip\nVersion: 3.0\n")
        file.writestr("ttrpg_zip-3.0.dist-info/entry_points.txt", "[ttrpg]\nzipped = zipped\n")
    assert list(points("ttrpg", [str(archive)])) == [Point("zipped", "zipped", "ttrpg-zip", "3.0")]


def test_places_that_are_not_there_are_nothing(tmp_path):
    distribution(tmp_path, "empty-1.0.dist-info", None)
    assert list(points("ttrpg", [str(tmp_path), str(tmp_path / "missing"), "\0"])) == []
