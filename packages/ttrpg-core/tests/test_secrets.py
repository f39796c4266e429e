"""Keys: the environment first, a private file where there is no keyring, never a value in view."""

import os
import re
import stat
import traceback
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.chainer
import keyring.backends.fail
import keyring.backends.null
import keyring.errors
import pytest

from ttrpg_core.errors import InputError, NotFound, StoreError, TtrpgError
from ttrpg_core.paths import Paths
from ttrpg_core.secrets import Known, Secrets, is_private, require, strong

VALUE = "sk-0123456789-very-secret"
VARIABLE = "ANTHROPIC_API_KEY"


class Safe(keyring.backend.KeyringBackend):
    """A keyring in memory that may be locked, as a desktop's may be."""

    priority = 5

    def __init__(self):
        super().__init__()
        self.kept = {}
        self.locked = False

    def _open(self):
        if self.locked:
            raise keyring.errors.KeyringLocked("it is locked")

    def get_password(self, service, username):
        self._open()
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self._open()
        self.kept[service, username] = password

    def delete_password(self, service, username):
        self._open()
        if self.kept.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError("not there")


class Weak(Safe):
    """A plain-text stand-in: low priority, as keyrings.alt has."""

    priority = 0.5


Plain = type("PlaintextKeyring", (Safe,), {"__module__": "keyrings.alt.file", "priority": 9})
Mine = type("Mine", (Plain,), {"__module__": "my.keyring"})


@pytest.fixture
def use():
    """Makes a backend the process's keyring."""
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)


@pytest.fixture
def none(use):
    use(keyring.backends.fail.Keyring())


@pytest.fixture
def secrets(home: Path) -> Secrets:
    return Secrets(Paths.of(), {})


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_environment_beats_what_is_stored(secrets, none):
    secrets.set("anthropic", VALUE)
    assert secrets.find("anthropic", VARIABLE) == (VALUE, "file")
    secrets.environ = {VARIABLE: " other-key\n"}
    assert secrets.find("anthropic", VARIABLE) == ("other-key", "environment")
    secrets.environ = {VARIABLE: "  "}
    assert secrets.find("anthropic", VARIABLE) == (VALUE, "file"), "blank is as good as unset"
    assert secrets.find("openai", "OPENAI_API_KEY") is None


def test_the_environment_beats_a_keyring_that_is_locked(secrets, use):
    safe = Safe()
    use(safe)
    secrets.set("anthropic", VALUE)
    safe.locked = True
    secrets.environ = {VARIABLE: "other-key"}
    assert secrets.find("anthropic", VARIABLE) == ("other-key", "environment")


def test_the_file_is_private_on_every_write(secrets, none):
    old = os.umask(0)
    try:
        secrets.set("anthropic", VALUE)
        assert mode(secrets.paths.keys) == 0o600
        for change in (
            lambda: secrets.set("openai", VALUE),
            lambda: secrets.set("openai", "again"),
            lambda: secrets.remove("openai"),
        ):
            secrets.paths.keys.chmod(0o644)
            assert not is_private(secrets.paths.keys)
            change()
            assert mode(secrets.paths.keys) == 0o600
            assert is_private(secrets.paths.keys)
        assert mode(secrets.paths.keys.parent) == 0o700
    finally:
        os.umask(old)


def test_without_a_keyring_the_notice_comes_exactly_once(secrets, none):
    assert secrets.set("anthropic", VALUE) == Known("anthropic", "file", str(secrets.paths.keys))
    secrets.set("openai", VALUE)
    (notice,) = secrets.notices
    assert str(secrets.paths.keys) in notice
    assert VALUE not in notice


def test_the_notice_comes_once_over_all_processes(python, home):
    code = (
        "import sys\nfrom ttrpg_core.secrets import Secrets\nfrom ttrpg_core.paths import Paths\n"
        "s = Secrets(Paths.of())\nprint(s.set(sys.argv[1], 'x').source, len(s.notices))\n"
    )
    fail = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    said = [python(code, f"key-{number}", **fail).stdout for number in range(3)]
    assert said == ["file 1\n", "file 0\n", "file 0\n"]


def test_a_notice_that_cannot_be_remembered_does_not_lose_the_key(secrets, none, home):
    home.mkdir()
    (home / "state").write_text("a file in the way")
    secrets.set("anthropic", VALUE)
    assert len(secrets.notices) == 1
    assert secrets.find("anthropic") == (VALUE, "file")


def test_a_real_keyring_is_used_and_the_file_holds_no_value(secrets, use):
    safe = Safe()
    use(safe)
    assert secrets.set("anthropic", f" {VALUE}\n").source == "keyring"
    assert safe.kept == {("ttrpg", "anthropic"): VALUE}
    assert VALUE not in secrets.paths.keys.read_text()
    assert mode(secrets.paths.keys) == 0o600
    assert secrets.find("anthropic") == (VALUE, "keyring")
    assert secrets.notices == []
    assert [known.source for known in secrets.known()] == ["keyring"]
    assert secrets.remove("anthropic").source == "keyring"
    assert safe.kept == {}
    assert secrets.find("anthropic") is None


def test_a_locked_keyring_means_the_file_for_a_new_key(secrets, use):
    safe = Safe()
    safe.locked = True
    use(safe)
    assert secrets.set("anthropic", VALUE).source == "file"
    assert secrets.find("anthropic") == (VALUE, "file")
    assert len(secrets.notices) == 1


def test_a_key_in_a_keyring_that_is_locked_or_away_is_said_so(secrets, use):
    safe = Safe()
    use(safe)
    secrets.set("anthropic", VALUE)
    safe.locked = True
    for word in ("opened", "reached"):
        with pytest.raises(StoreError) as caught:
            secrets.find("anthropic", VARIABLE)
        assert word in caught.value.message
        assert VARIABLE in caught.value.hint
        with pytest.raises(StoreError) as caught:
            secrets.remove("anthropic")
        assert caught.value.hint
        assert secrets.known()[0].source == "keyring", "it is still listed"
        use(keyring.backends.fail.Keyring())


def test_a_key_that_was_deleted_elsewhere_can_still_be_removed(secrets, use):
    safe = Safe()
    use(safe)
    secrets.set("anthropic", VALUE)
    safe.kept.clear()
    assert secrets.find("anthropic") is None
    secrets.remove("anthropic")
    assert secrets.known() == []


@pytest.mark.parametrize(
    "backend",
    [
        Weak(),
        Plain(),
        Mine(),
        keyring.backends.null.Keyring(),
        keyring.backends.fail.Keyring(),
    ],
    ids=lambda backend: type(backend).__name__,
)
def test_a_keyring_that_protects_nothing_is_refused(secrets, use, backend):
    use(backend)
    assert strong(backend) is None
    assert secrets.set("anthropic", VALUE).source == "file"
    assert not getattr(backend, "kept", {}), "nothing was given to it"


def test_a_chain_is_as_good_as_its_first_real_one(use, secrets, monkeypatch):
    """keyring gives a chain of two plain-text files priority 10."""
    chain = keyring.backends.chainer.ChainerBackend
    safe = Safe()
    for backends, wanted in (([Weak(), Plain()], None), ([Weak(), safe], safe)):
        monkeypatch.setattr(chain, "backends", backends)
        assert strong(chain()) is wanted
    use(chain())
    assert secrets.set("anthropic", VALUE).source == "keyring"
    assert safe.kept


def test_a_backend_that_breaks_is_no_backend(secrets, use, monkeypatch):
    def broken():
        raise RuntimeError("no bus today")

    monkeypatch.setattr(keyring, "get_keyring", broken)
    assert secrets.set("anthropic", VALUE).source == "file"


def test_rm_takes_the_whole_name_alone_as_no_copy_is_kept(secrets, none):
    secrets.set("anthropic", VALUE)
    secrets.set("k10", VALUE)
    for wanted, near in (
        ("k", "k10"),
        ("anth", "anthropic"),
        ("anthropics", "anthropic"),
        ("", ""),
    ):
        with pytest.raises(NotFound) as caught:
            secrets.remove(wanted)
        assert near in caught.value.hint
    assert [known.name for known in secrets.known()] == ["anthropic", "k10"]
    assert secrets.remove(" Anthropic ").name == "anthropic"
    assert [known.name for known in secrets.known()] == ["k10"]


def test_of_names_that_differ_in_case_the_exact_one_goes(secrets, none):
    secrets.paths.keys.parent.mkdir()
    secrets.paths.keys.write_text("Odd = { value = 'a' }\nodd = { value = 'b' }\n")
    with pytest.raises(NotFound):
        secrets.remove("ODD")
    assert secrets.remove("odd").name == "odd"
    assert [known.name for known in secrets.known()] == ["Odd"]


def test_known_shows_the_source_and_no_value(secrets, none):
    secrets.set("anthropic", VALUE)
    secrets.set("openai", VALUE)
    secrets.environ = {VARIABLE: "other", "GEMINI_API_KEY": "third", "UNSET": " "}
    found = secrets.known({"anthropic": VARIABLE, "gemini": "GEMINI_API_KEY", "x": "UNSET"})
    assert found == [
        Known("anthropic", "environment", VARIABLE),
        Known("gemini", "environment", "GEMINI_API_KEY"),
        Known("openai", "file", str(secrets.paths.keys)),
    ]


BAD = ["", "  \n", "two\nlines", "a\tb", "\x00", "“sk-curly”", "kéy", "x" * 10_001]


@pytest.mark.parametrize("value", BAD, ids=range(len(BAD)))
def test_a_key_is_one_line_of_plain_characters_and_no_error_repeats_it(secrets, none, value):
    with pytest.raises(InputError) as caught:
        secrets.set("anthropic", value)
    assert "anthropic" in caught.value.message
    assert not secrets.paths.keys.exists()
    if value.strip():
        assert value.strip() not in shown(caught.value)
        secrets.environ = {VARIABLE: value}
        with pytest.raises(InputError) as caught:
            secrets.find("anthropic", VARIABLE)
        assert VARIABLE in caught.value.message
        assert value.strip() not in shown(caught.value)


def shown(error: BaseException) -> str:
    """All that a traceback with ``--debug`` could print, and what the errors behind it hold."""
    seen = [*traceback.format_exception(error)]
    chain = error
    while chain is not None:
        seen += [repr(chain), str(chain), repr(vars(chain)), repr(chain.args)]
        chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)
    return "\n".join(seen)


@pytest.mark.parametrize(
    "content",
    [
        f'anthropic = "{VALUE}"\n',
        f'anthropic = {{ value = "{VALUE}", \n',
        f"anthropic = {VALUE}\n",
        f"[anthropic]\nkey = '{VALUE}'\n",
        f"anthropic = {{ value = ['{VALUE}'] }}\n",
        f"# {VALUE} \xff",
        "x" * 1_000_001,
        "a = " + "[" * 5000,
    ],
    ids=range(8),
)
def test_a_broken_key_file_is_an_error_without_its_content(secrets, none, content):
    secrets.paths.keys.parent.mkdir()
    secrets.paths.keys.write_text(content, "latin-1")
    for action in (lambda: secrets.find("anthropic"), lambda: secrets.set("x", "y"), secrets.known):
        with pytest.raises(TtrpgError) as caught:
            action()
        assert caught.value.message.startswith("keys.toml")
        assert caught.value.hint
        assert VALUE not in shown(caught.value)
    assert secrets.paths.keys.read_text("latin-1") == content


def test_no_repr_or_str_holds_the_value(secrets, none):
    known = secrets.set("anthropic", VALUE)
    found = secrets.find("anthropic")
    for thing in (known, secrets, secrets.known(), vars(secrets)):
        assert VALUE not in repr(thing) + str(thing)
    from ttrpg_core.context import Context

    assert VALUE not in repr(Context(secret=lambda: found[0]))


@pytest.mark.parametrize("name", ["", "Two Words", "a/b", "../x", "a.b", 'a"b', "x" * 300])
def test_the_name_of_a_key(secrets, none, name):
    with pytest.raises(InputError):
        secrets.set(name, VALUE)
    assert not secrets.paths.keys.exists()
    assert secrets.set(" ElevenLabs ", VALUE).name == "elevenlabs"


def test_require_names_every_way_to_give_a_key():
    assert require((VALUE, "file"), "anthropic", VARIABLE) == VALUE
    with pytest.raises(NotFound) as caught:
        require(None, "anthropic", VARIABLE)
    assert re.search(rf"ttrpg keys set anthropic.*{VARIABLE}", caught.value.hint)


def test_strange_characters_in_a_key_come_back(secrets, none):
    value = "".join(chr(code) for code in range(33, 127))
    secrets.set("odd", value)
    assert secrets.find("odd") == (value, "file")


def test_a_given_file_beats_the_environment_and_what_is_stored(home, tmp_path):
    file = tmp_path / "key.txt"
    file.write_text("from-the-file\n")
    secrets = Secrets(Paths.of(), {"ECHO_API_KEY": "from-the-environment"}, {"echo": file})
    assert secrets.find("echo", "ECHO_API_KEY") == ("from-the-file", "flag")
    assert [(each.name, each.source) for each in secrets.known()] == [("echo", "flag")]
    assert "from-the-file" not in repr(secrets.known())


@pytest.mark.parametrize("content", [b"\xff\xfe\x00sk-1234", b"two\nlines", b"", b"x" * 20_000])
def test_a_given_file_without_one_key_is_refused_without_being_shown(home, tmp_path, content):
    file = tmp_path / "key.txt"
    file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        Secrets(Paths.of(), {}, {"echo": file}).find("echo")
    assert "sk-1234" not in str(caught.value)
    assert "xxxx" not in str(caught.value)
