"""Columns: what fits, and what is refused with its row."""

import numpy as np
import pytest

from twin.attributes import Column, describe

ROWS = {"nodes": 3}


def test_values_take_the_columns_type():
    assert Column("int32").array([1.0, 2.0]).dtype == np.int32
    assert Column("bool").array([0, 1]).tolist() == [False, True]
    assert Column("float64").array([True, 2]).tolist() == [1.0, 2.0]
    assert Column("str").array(["a", ""]).tolist() == ["a", ""]
    assert Column("geometry").array([b"x", None]).tolist() == [b"x", None]
    assert Column("int8").array([]).shape == (0,)


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        (Column("int32"), [1.5], r"is 1.5 in row 0 where int32"),
        (Column("int32"), [1.0, np.nan], r"is nan in row 1 where int32"),
        (Column("int8"), [1, 200], r"is 200 in row 1 where int8"),
        (Column("int32"), np.array([2**40]), "where int32"),
        (Column("bool"), [0, 2], r"is 2 in row 1 where bool"),
        (Column("int32"), ["a"], "texts or mixed"),
        (Column("float64"), [None], "texts or mixed"),
        (Column("str"), ["a", 503], r"is 503 in row 1 where str"),
        (Column("str"), [None], "where str"),
        (Column("geometry"), ["POINT"], "where geometry"),
    ],
)
def test_values_that_do_not_fit(column, values, message):
    with pytest.raises(ValueError, match=message):
        column.array(values)


@pytest.mark.parametrize(
    ("column", "values", "where", "allowed"),
    [
        (Column(unit="m"), [1.0, np.nan], "t.c[1]", "a finite number"),
        (Column(unit="m", low=0.0), [1.0, -2.0], "t.c[1]", "at least 0.0 m"),
        (Column("int32", high=5), [9], "t.c[0]", "at most 5"),
        (Column("int32", low=0, refers="nodes"), [0, 3], "t.c[1]", "at most 2"),
        (Column("str", allowed=("a", "b")), ["a", "c"], "t.c[1]", "one of a, b"),
    ],
)
def test_rules(column, values, where, allowed):
    (fault,) = column.faults("t", "c", column.array(values), ROWS)
    assert (fault.where, fault.allowed) == (where, allowed)
    assert fault.remedy


def test_defaults_and_description():
    assert Column("int32", default=-1).new(2).tolist() == [-1, -1]
    assert Column().new(1).tolist() == [0.0]
    assert "| c | float64 | m | required | how far (a source) |" in describe(
        {"c": Column(unit="m", meaning="how far", source="a source")}
    )
