"""The server that is told its bytes does just that, in a process of its own."""

import socket
import time
import urllib.request

import pytest

from ttrpg_core.testing.played import REPEAT, RESET, answer, asked, played


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as reply:
        return reply.read()


# -- played --
def test_each_request_gets_the_next_steps_and_the_last_are_repeated():
    one, two = answer(200, "text/plain", b"one"), answer(200, "text/plain", b"t", b"wo")
    with played({"/x": [[one], [0.2, two]], "/x/longer": [[one]]}) as url:
        start = time.perf_counter()
        assert [get(url + "/x/1") for _ in range(3)] == [b"one", b"two", b"two"]
        assert time.perf_counter() - start >= 0.4
        assert get(url + "/x/longer/2") == b"one"
        assert asked(url) == {"/x": 3, "/x/longer": 1}


# -- end --


def test_it_breaks_the_connection_and_goes_on_for_ever():
    with played({"/reset": [[b"HTTP", RESET]], "/on": [[REPEAT, b"more", 0.01]]}) as url:
        with pytest.raises(ConnectionResetError):
            get(url + "/reset")
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as line:
            line.sendall(b"GET /on HTTP/1.1\r\n\r\n")
            heard = b""
            while len(heard) < 40:
                heard += line.recv(100)
        assert heard[:8] == b"moremore"
        assert asked(url) == {"/reset": 1, "/on": 1}
    with pytest.raises(OSError, match="refused"):
        get(url)
