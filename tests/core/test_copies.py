"""Copies as deep as possible, and what no pickle can hold."""

import threading
from typing import Any

import numpy as np
import pytest

from framework.core.copies import copied, not_picklable


class Holder:
    def __init__(self, **parts):
        vars(self).update(parts)


def test_a_copy_is_deep_where_nothing_hinders_it():
    value: Any = {"a": [1, np.ones(2)], "b": (Holder(x=[3]), {4})}
    twin = copied(value)
    twin["a"][1][:] = 0
    twin["b"][0].x.append(5)
    assert value["a"][1].tolist() == [1, 1]
    assert value["b"][0].x == [3]


def test_what_cannot_be_copied_is_shared_and_all_beside_it_is_copied():
    lock, values = threading.Lock(), [1]
    value: Any = {"locks": (lock, [lock]), "values": values, "again": values}
    value["itself"] = value
    twin = copied(value)
    assert twin["locks"] == (lock, [lock])
    assert twin["locks"][1] is not value["locks"][1]
    assert twin["values"] == values
    assert twin["values"] is twin["again"] is not values
    assert twin["itself"] is twin


def test_one_object_in_two_places_stays_one():
    values = [1]
    memo = {}
    assert copied(values, memo) is copied(values, memo) is not values


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (threading.Lock(), "x"),
        ([1, {"a": threading.RLock()}], "x[1]['a']"),
        (Holder(sink=Holder(lock=threading.Lock())), "x.sink.lock"),
        ((i for i in range(3)), "x"),
    ],
)
def test_what_no_pickle_can_hold_is_named(value, where):
    [(name, _, reason)] = not_picklable(value, "x")
    assert name == where
    assert "cannot pickle" in reason


@pytest.mark.parametrize("value", [3, "a", np.ones(3), [Holder(a=lambda: 3)], Holder, np, print, {1: {2}}])
def test_what_picklers_may_hold_is_left_to_them(value):
    assert not list(not_picklable(value, "x"))
