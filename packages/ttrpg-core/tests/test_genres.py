"""Genre packs as data: coverage of the dice, tables in tables, translations, licences."""

import zipfile
from pathlib import Path

import pytest

from ttrpg_core.errors import InputError, NotFound, TtrpgError
from ttrpg_core.genres import MAX_BYTES, Row, check_genre, load_genre, load_system, overlay

HEAD = 'name = "noir"\ntitle = "Noir"\nsummary = "Rain and regret"\nlicence = "CC0-1.0"\n'
NAMES = '[weather]\ndice = "d4"\nrows = ["Rain", "Drizzle", "Fog", "Rain again"]\n'


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "noir"
    (folder / "tables").mkdir(parents=True)
    (folder / "lang").mkdir()
    (folder / "genre.toml").write_text(HEAD)
    return folder


def write(pack: Path, content: str, name: str = "tables/x.toml") -> None:
    (pack / name).write_text(content, "utf-8")


def test_a_pack_is_loaded(pack):
    write(pack, NAMES)
    genre = load_genre(pack)
    assert (genre.name, genre.title, genre.licence, genre.language) == (
        "noir", "Noir", "CC0-1.0", "en"
    )  # fmt: skip
    table = genre.tables["weather"]
    assert (table.title, table.dice) == ("weather", "d4")
    assert table.rows[1] == Row(2, 2, "Drizzle")
    assert check_genre(pack) == []


def test_rows_with_shares_of_their_own(pack):
    write(
        pack,
        '[loot]\ntitle = "Loot"\ndice = "2d6"\nrows = [{ roll = "2-6", text = "a" }, "b",'
        ' { roll = 8, text = "c" }, { roll = "9\u201312", text = "d" }]\n',
    )
    rows = load_genre(pack).tables["loot"].rows
    assert rows == (Row(2, 6, "a"), Row(7, 7, "b"), Row(8, 8, "c"), Row(9, 12, "d"))


def test_dice_that_go_below_nought(pack):
    write(
        pack,
        '[mood]\ndice = "d4-3"\nrows = [{ roll = "-2--1", text = "a" }, { roll = "0", text = "b" },'
        ' { roll = "1", text = "c" }]\n',
    )
    assert [row.low for row in load_genre(pack).tables["mood"].rows] == [-2, 0, 1]


def test_tables_in_tables_and_in_several_files(pack):
    write(pack, '[names.first]\ndice = "d2"\nrows = ["Ada", "Sam"]\n', "tables/a.toml")
    write(
        pack,
        '[names.family.old]\ndice = "d1"\nrows = ["Marsh"]\n[names.family.new]\ndice = "d1"\n'
        'rows = ["Tower"]\n',
        "tables/b.toml",
    )
    write(pack, "not a table at all", "tables/README.md")
    assert list(load_genre(pack).tables) == ["names.first", "names.family.old", "names.family.new"]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('dice = "d4"\nrows = ["a", "b", "c"]', "x: the rows end at 3, but d4 goes to 4"),
        ('dice = "d2"\nrows = ["a", "b", "c"]', "x: the rows end at 3, but d2 goes to 2"),
        ('dice = "d4"\nrows = []', "x: the rows end at 0, but d4 goes to 4"),
        (
            'dice = "d4"\nrows = ["a", { roll = "3-4", text = "b" }]',
            "x.rows[2]: begins at 3, but 2 comes next",
        ),
        (
            'dice = "d4"\nrows = [{ roll = "1-2", text = "a" }, { roll = "2-4", text = "b" }]',
            "x.rows[2]: begins at 2, but 3 comes next",
        ),
        (
            'dice = "d4"\nrows = [{ roll = "1-0", text = "a" }, "b"]',
            "x.rows[1]: begins at 1",
        ),
        ('dice = "2d6"\nrows = [{ roll = "1-12", text = "a" }]', "x.rows[1]: begins at 1, but 2"),
        ('dice = "d2"\nrows = [{ roll = "one", text = "a" }]', "x.rows[1]: roll is a number"),
        ('dice = "d2"\nrows = [{ roll = "²", text = "a" }]', "x.rows[1]: roll is a number"),
        ('dice = "d2"\nrows = [{ roll = true, text = "a" }]', "x.rows[1]: roll is a number"),
        ('dice = "d2"\nrows = [{ roll = 1.0, text = "a" }]', "x.rows[1]: roll is a number"),
        ('dice = "d2"\nrows = [{ text = "a" }, "b"]', "x.rows[1]: a row is a text"),
        ('dice = "d2"\nrows = [{ roll = 1, txt = "a" }, "b"]', "x.rows[1]: a row is a text"),
        ('dice = "d2"\nrows = ["a", 3]', "x.rows[2]: a row is a text"),
        ('dice = "d2"\nrows = "ab"', "x.rows: 'ab' is not a list"),
        ('dice = "2dd6"\nrows = ["a"]', "x.dice: '2dd6': "),
        ('dice = "999999d999999"\nrows = ["a"]', "x.dice: "),
        ('dice = 6\nrows = ["a"]', "x.dice: 6 is not a text"),
        ('rows = ["a"]', "x.dice: is missing"),
        ('dice = "d1"\nrows = ["a"]\nrow = ["b"]', "x.row: there is no such key"),
        ("deep = 3", "x.deep: must be a table, [x.deep]"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_with_its_place(pack, table, said):
    write(pack, f"[x]\n{table}\n", "tables/t.toml")
    with pytest.raises(InputError) as caught:
        load_genre(pack)
    assert caught.value.message.startswith(f"tables/t.toml.{said}")
    assert check_genre(pack) == [caught.value.message]


def test_a_table_that_is_there_twice(pack):
    write(pack, NAMES, "tables/a.toml")
    write(pack, NAMES, "tables/b.toml")
    with pytest.raises(InputError, match=r"tables/b\.toml: the table 'weather' is there twice"):
        load_genre(pack)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (HEAD.replace("CC0-1.0", " "), "genre.toml.licence: is empty"),
        (HEAD.replace('licence = "CC0-1.0"\n', ""), "genre.toml.licence: is missing"),
        (HEAD + "colour = 1\n", "genre.toml.colour: there is no such key"),
        (HEAD.replace('"Noir"', "3"), "genre.toml.title: 3 is not a text"),
        ("name = [", "genre.toml: not valid TOML"),
        ("a = " + "[" * 5000, "genre.toml: n"),
        ("#" * (MAX_BYTES + 1), f"genre.toml: larger than {MAX_BYTES:,} bytes"),
    ],
    ids=range(7),
)
def test_a_pack_without_licence_or_with_a_broken_head_does_not_load(pack, head, said):
    write(pack, head, "genre.toml")
    with pytest.raises(InputError) as caught:
        load_genre(pack)
    assert caught.value.message.startswith(said)
    assert check_genre(pack)[0].startswith(said)


def test_what_is_no_pack(tmp_path, pack):
    with pytest.raises(NotFound, match=r"genre\.toml"):
        load_genre(tmp_path / "nothing")
    (pack / "genre.toml").unlink()
    (pack / "genre.toml").mkdir()
    with pytest.raises(TtrpgError, match=r"genre\.toml"):
        load_genre(pack)
    (pack / "genre.toml").rmdir()
    (pack / "genre.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not valid TOML"):
        load_genre(pack)


def test_a_pack_in_an_archive(pack, tmp_path):
    write(pack, NAMES)
    archive = tmp_path / "packs.zip"
    with zipfile.ZipFile(archive, "w") as into:
        for file in pack.rglob("*.toml"):
            into.write(file, f"noir/{file.relative_to(pack)}")
    with zipfile.ZipFile(archive) as opened:
        inside = zipfile.Path(opened, "noir/")
        assert load_genre(inside) == load_genre(pack)
        with pytest.raises(NotFound):
            load_genre(zipfile.Path(opened, "other/"))


# Translations.


def test_a_translation_changes_only_what_it_says(pack):
    write(pack, NAMES + '[names.first]\ndice = "d2"\nrows = ["Ada", { roll = 2, text = "Sam" }]\n')
    write(
        pack,
        '[weather]\n1 = "Pluie"\n4 = "Encore la pluie"\n[names.first]\n2 = "Zoé"\n',
        "lang/fr.toml",
    )
    write(pack, "notes for translators", "lang/README.md")
    assert check_genre(pack) == []
    genre = load_genre(pack)
    rows = {"weather": {"1": "Pluie"}, "names": {"first": {"2": "Zoé"}}}
    french = overlay(genre, rows, "fr.toml")
    assert [row.text for row in french.tables["weather"].rows] == [
        "Pluie", "Drizzle", "Fog", "Rain again"
    ]  # fmt: skip
    assert french.tables["names.first"].rows == (Row(1, 1, "Ada"), Row(2, 2, "Zoé"))
    assert genre.tables["weather"].rows[0].text == "Rain", "the pack itself is as it was"
    assert (
        overlay(genre, {"names.first": {"1": "Ève"}}, "fr.toml").tables["names.first"].rows[0].text
        == "Ève"
    )


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"wether": {"1": "x"}}, "fr.toml.wether: the pack has no such table"),
        ({"weather": {"5": "x"}}, "fr.toml.weather.5: the table has 4 rows"),
        ({"weather": {"0": "x"}}, "fr.toml.weather.0: the table has 4 rows"),
        ({"weather": {"²": "x"}}, "fr.toml.weather.²: the table has 4 rows"),
        ({"weather": {"-1": "x"}}, "fr.toml.weather.-1: the table has 4 rows"),
        ({"weather": {"1": 3}}, "fr.toml.weather.1: 3 is not a text"),
        ({"weather": "x"}, "fr.toml.weather: must be a table"),
        ({"names": {"last": {"1": "x"}}}, "fr.toml.names.last: the pack has no such table"),
    ],
)
def test_what_is_wrong_with_a_translation(pack, rows, said):
    write(pack, NAMES + '[names.first]\ndice = "d1"\nrows = ["Ada"]\n')
    with pytest.raises(TtrpgError) as caught:
        overlay(load_genre(pack), rows, "fr.toml")
    assert caught.value.message.startswith(said)
    assert caught.value.hint


def test_check_tells_of_every_translation(pack):
    write(pack, NAMES)
    write(pack, '[weather]\n9 = "x"\n', "lang/de.toml")
    write(pack, "[", "lang/fr.toml")
    told = check_genre(pack)
    assert [line.partition(":")[0] for line in told] == ["de.toml.weather.9", "fr.toml"]


# Systems.

SYSTEM = (
    'name = "two-dice"\ntitle = "Two Dice"\nsummary = "2d6 over 8"\nlicence = "CC0-1.0"\n'
    'credit = "nobody"\ncheck = "2d6+{wits}"\ninitiative = "2d6"\n'
    'abilities = [{ id = "wits", title = "Wits" }]\n'
)


def test_a_system(tmp_path):
    file = tmp_path / "two-dice.toml"
    file.write_text(SYSTEM)
    system = load_system(file)
    assert (system.check, system.abilities[0].title) == ("2d6+{wits}", "Wits")
    for broken, said in (
        (SYSTEM.replace("CC0-1.0", ""), "two-dice.toml.licence: is empty"),
        (
            SYSTEM.replace('title = "Wits"', "title = 3"),
            "two-dice.toml.abilities[0].title: 3 is not",
        ),
        (SYSTEM + "more = 1\n", "two-dice.toml.more: there is no such key"),
    ):
        file.write_text(broken)
        with pytest.raises(InputError) as caught:
            load_system(file)
        assert caught.value.message.startswith(said)
