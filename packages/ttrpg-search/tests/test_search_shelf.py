"""The shelf that a question is asked of is the one that is there, whoever changed it."""

import sqlite3

import pytest

from ttrpg_core.search import Question
from ttrpg_search.scope import Shelves, shelf_of


@pytest.fixture
def connection(app, shelve):
    shelve("Lamps", [("Oil", ("Oil",), 1, "1", "It burns.")])
    return app.store.connection


def renamed(connection, title):
    connection.execute("UPDATE books SET title = ?", [title])


def titles(shelves, connection, *, changing=False):
    return {book.title for book in shelves.now(connection, changing=changing).books}


def test_the_shelf_is_read_once_while_nothing_changes(connection):
    shelves = Shelves()
    assert shelves.now(connection, changing=False) == shelf_of(connection)
    asked = []
    connection.set_trace_callback(asked.append)
    shelves.now(connection, changing=False)
    connection.set_trace_callback(None)
    assert asked == ["PRAGMA data_version"]


def test_changes_of_this_process_and_of_others_are_seen(connection, app):
    shelves = Shelves()
    assert titles(shelves, connection) == {"Lamps"}
    with connection:
        renamed(connection, "Candles")
    assert titles(shelves, connection) == {"Candles"}
    other = sqlite3.connect(app.store.path)
    with other:
        renamed(other, "Torches")
    other.close()
    assert titles(shelves, connection) == {"Torches"}


def test_what_is_taken_back_is_not_remembered(connection):
    shelves = Shelves()
    assert titles(shelves, connection) == {"Lamps"}
    connection.execute("BEGIN")
    renamed(connection, "Candles")
    assert titles(shelves, connection, changing=True) == {"Candles"}
    connection.rollback()
    assert titles(shelves, connection) == {"Lamps"}


def test_a_question_in_a_change_that_is_taken_back_sees_it_and_the_next_does_not(connection, app):
    finder = app.finder()
    assert finder.find(Question("oil book:lamps")).hits
    connection.execute("BEGIN")
    renamed(connection, "Candles")
    assert finder.find(Question("oil book:candles")).hits
    connection.rollback()
    assert finder.find(Question("oil book:lamps")).hits
    finder.close()
