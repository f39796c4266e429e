"""bash, zsh and fish themselves complete names of commands, campaigns and books."""

import os
import re
import shutil
import subprocess

import pytest


@pytest.fixture(scope="module")
def bards(cli, shelved, tmp_path_factory):
    """A home with a book, two campaigns and a fight."""
    home = tmp_path_factory.mktemp("bards") / "home"
    shutil.copytree(shelved, home)
    cli.run(home, "campaign", "create", "Salt Lantern")
    cli.run(home, "snapshot", "create", "Start")
    cli.run(home, "combat", "new", "Ambush")
    cli.run(home, "combat", "add", "Goblin", "2", "--hp", "7")
    return home


@pytest.fixture
def shell(cli, bards, tmp_path):
    """Runs a script in a shell, with ``ttrpg`` on its path; skips where there is no such shell."""

    def run(name, *options, script):
        where = shutil.which(name)
        if where is None:
            pytest.skip(f"{name} is not installed")
        path = os.pathsep.join([str(cli.script.parent), os.environ["PATH"]])
        done = subprocess.run(
            [where, *options, script],
            env=cli.environment(bards, PATH=path, HOME=str(tmp_path), TERM="xterm"),
            capture_output=True,
            check=False,
            text=True,
            cwd=tmp_path,
            timeout=120,
        )
        assert done.returncode == 0, done
        assert "Traceback" not in done.stderr
        return done.stdout

    return run


WORDS = [
    (["cam"], {"campaign"}),
    (["campaign", "sh"], {"show"}),
    (["campaign", "show", "sal"], {"salt-lantern", "salt-road"}),
    (["campaign", "use", "salt-r"], {"salt-road"}),
    (["library", "show", "the-"], {"the-lamplit-road"}),
    (["search", "--book", "the"], {"the-lamplit-road"}),
    (["config", "get", "search.re"], {"search.reranker", "search.results"}),
    (["ask", "--book", "the"], {"the-lamplit-road"}),
    (["completion", "z"], {"zsh"}),
    (["snapshot", "diff", "st"], {"start"}),
    (["combat", "show", "am"], {"ambush"}),
    (["hit", "gob"], {"goblin-1", "goblin-2"}),
    (["hit", "goblin-1", "7", "--from", "goblin-2"], {"goblin-2"}),
    (["next", "--fight", "a"], {"ambush"}),
    (["campaign", "show", "nobody"], set()),
]
each = pytest.mark.parametrize(("typed", "wanted"), WORDS, ids=lambda v: "-".join(sorted(v)))


@each
def test_bash(shell, typed, wanted):
    words = " ".join(["ttrpg", *typed])
    out = shell(
        "bash",
        "-c",
        script=f"""
        eval "$(ttrpg completion bash 2>/dev/null)"
        COMP_WORDS=({words}); COMP_CWORD={len(typed)}
        $(complete -p ttrpg | sed 's/.*-F \\([^ ]*\\).*/\\1/') ttrpg
        printf '%s\\n' "${{COMPREPLY[@]}}"
        """,
    )
    assert set(out.split()) == wanted


@pytest.mark.parametrize(
    ("typed", "wanted"), [WORDS[0], WORDS[2], WORDS[4], WORDS[8]], ids=lambda v: "-".join(sorted(v))
)
def test_zsh(shell, typed, wanted):
    """zsh completes only at a prompt, so it gets one, in a pseudo terminal of its own.

    With menu_complete each Tab puts the next candidate into the line, and Ctrl-T tells the line.
    """
    words = " ".join(["ttrpg", *typed])
    keys = "\\t\\C-t" * max(1, len(wanted))
    out = shell(
        "zsh",
        "-fc",
        script=f"""
        zmodload zsh/zpty
        zpty shell zsh -f -i
        zpty -w shell 'PS1=; setopt menu_complete; stty -echo columns 200'
        zpty -w shell 'autoload -U compinit; compinit -u'
        zpty -w shell 'eval "$(ttrpg completion zsh 2>/dev/null)"'
        zpty -w shell 'tell () {{ print -r -- "LINE<$BUFFER>" }}; zle -N tell; bindkey "^T" tell'
        zpty -w shell 'leave () {{ print LEA""VING; exit }}; zle -N leave; bindkey "^G" leave'
        zpty -w shell 'zle-line-init () {{ print REA""DY }}; zle -N zle-line-init'
        while zpty -r shell line; do [[ $line == *READY* ]] && break; done
        zpty -w -n shell $'{words}{keys}\\C-g'
        while zpty -r shell line; do print -r -- "$line"; [[ $line == *LEAVING* ]] && break; done
        true
        """,
    )
    lines = re.findall(r"LINE<(.*?)>", out)
    assert {line.split()[-1] for line in lines} == (wanted or {typed[-1]}), out


@each
def test_fish(shell, typed, wanted):
    words = " ".join(["ttrpg", *typed])
    out = shell(
        "fish",
        "--no-config",
        "-c",
        script=f"ttrpg completion fish 2>/dev/null | source; complete --do-complete '{words}'",
    )
    assert {line.split("\t")[0] for line in out.splitlines()} == wanted


def test_fish_tells_what_a_name_means(shell):
    script = (
        "ttrpg completion fish 2>/dev/null | source; complete --do-complete 'ttrpg library show t'"
    )
    assert "The Lamplit Road" in shell("fish", "--no-config", "-c", script=script)


@pytest.mark.parametrize("word", ["campaign show ", "library show ", "keys rm ", "zzz ", ""])
def test_completion_in_an_empty_home_makes_nothing_and_says_nothing(cli, home, word):
    words = f"ttrpg {word}"
    done = cli.run(
        home,
        code=None,
        env={
            "_TTRPG_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        },
    )
    assert done.stderr == b""
    assert list(home.iterdir()) == []


def test_completion_with_a_damaged_database_says_nothing(cli, home):
    (home / "ttrpg.db").write_bytes(b"no database at all" * 500)
    done = cli.run(
        home,
        code=None,
        env={
            "_TTRPG_COMPLETE": "bash_complete",
            "COMP_WORDS": "ttrpg campaign show s",
            "COMP_CWORD": "3",
        },
    )
    assert (done.stdout.strip(), done.stderr) == (b"", b"")
