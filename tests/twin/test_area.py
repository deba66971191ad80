"""An area on disk: read back as it was, and every way in which its folder can be broken."""

import errno
import json
import os
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import twin.parquet
from scenarios.areas import build
from twin.area import Area, free_folder, read_area
from twin.errors import InputError


@pytest.fixture(scope="module")
def town():
    return build("town", citizens=1000, seed=1)


@pytest.fixture
def folder(town, tmp_path):
    return town.write(tmp_path / "area")


def change(folder, table, column, values):
    """Put other values into one column; None drops it."""
    file = folder / f"{table}.parquet"
    read = pq.read_table(file)
    place = read.column_names.index(column)
    read = read.remove_column(place)
    if values is not None:
        read = read.add_column(place, column, pa.array(values))
    pq.write_table(read, file)


def refused(folder):
    with pytest.raises(InputError) as raised:
        read_area(folder)
    return "\n".join(map(str, raised.value.faults))


def test_read_back(town, folder):
    found = read_area(folder)
    assert found.digest() == town.digest()
    assert not list(found.faults())


def test_folder_that_is_no_area(tmp_path):
    assert "no area.json" in refused(tmp_path / "none")
    assert "no area.json" in refused(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}", '{"schema": 1}', '{"schema": 1, "name": "a", "crs": "b", "rows": 3}',
                                  '{"schema": 1, "name": "a", "crs": "b", "rows": {"links": "x"}}'])  # fmt: skip
def test_header_that_is_none(folder, text):
    (folder / "area.json").write_text(text)
    assert "area.json: cannot be read" in refused(folder)


def test_header_of_another_version(folder):
    header = json.loads((folder / "area.json").read_text())
    (folder / "area.json").write_text(json.dumps(header | {"schema": 99}))
    assert "schema 99; allowed: schema 2; remedy: build the area again" in refused(folder)


def test_missing_and_broken_tables_at_once(folder):
    (folder / "links.parquet").unlink()
    (folder / "nodes.parquet").write_bytes((folder / "nodes.parquet").read_bytes()[:-100])
    (folder / "zones.parquet").write_bytes(b"")
    found = refused(folder)
    assert "links.parquet: is missing" in found
    assert "nodes.parquet: cannot be read" in found
    assert "zones.parquet: cannot be read" in found


def test_a_table_with_fewer_rows(folder):
    pq.write_table(pq.read_table(folder / "links.parquet").slice(0, 5), folder / "links.parquet")
    assert "links.parquet: has 5 rows" in refused(folder)


@pytest.mark.parametrize(
    ("table", "column", "values", "message"),
    [
        ("links", "length", None, "length: column is missing"),
        ("links", "length", lambda n: ["long"] * n, "links.length: holds texts"),
        ("links", "length", lambda n: [np.nan] * n, r"links.length\[0\]: is nan"),
        ("links", "length", lambda n: [-1.0] * n, r"links.length\[0\]: is -1.0 m; allowed: at least"),
        ("links", "head", lambda n: [10**6] * n, r"links.head\[0\]: is 1000000; allowed: at most"),
        ("links", "head", lambda n: [0.5] * n, "links.head: is 0.5 in row 0"),
        ("links", "name", lambda n: list(range(n)), "links.name: is 0 in row 0 where str"),
        ("links", "name", lambda n: pa.nulls(n, pa.string()), "links.name: is None in row 0"),
        ("nodes", "kind", lambda n: ["odd"] * n, r"nodes.kind\[0\]: is 'odd'; allowed: one of"),
    ],
)
def test_a_wrong_column(folder, table, column, values, message):
    n = pq.read_metadata(folder / f"{table}.parquet").num_rows
    change(folder, table, column, values and values(n))
    assert re.search(message, refused(folder))


def test_an_unknown_column(folder):
    file = folder / "links.parquet"
    read = pq.read_table(file)
    pq.write_table(read.append_column("lenght", pa.array(np.zeros(len(read)))), file)
    assert "links.lenght: unknown column" in refused(folder)


def test_geometry_that_is_none(folder):
    n = pq.read_metadata(folder / "links.parquet").num_rows
    change(folder, "links", "geometry", [b"no geometry"] * n)
    with pytest.raises(InputError, match=r"links.geometry: is no geometry"):
        read_area(folder).geometry("links")


def test_all_faults_of_the_columns_at_once():
    with pytest.raises(InputError) as raised:
        Area("a", "EPSG:28992", {"nodes": {"x": ["a"], "y": [1.0, 2.0], "z": [1.0]}})
    assert {fault.where for fault in raised.value.faults} >= {"nodes.x", "nodes.y", "nodes.z"}


# -- writing ---------------------------------------------------------------------------------------------------------


def test_another_folder_is_left_alone(town, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="exists and is not an area"):
        town.write(tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    with pytest.raises(InputError, match="exists and is not an area"):
        town.write(tmp_path / "mine" / "thesis.txt")
    with pytest.raises(InputError, match="cannot be a folder"):
        free_folder(tmp_path / ("x" * 300))
    with pytest.raises(InputError, match="cannot be written"):
        town.write(tmp_path / "mine" / "thesis.txt" / "below")


def test_an_empty_folder_and_an_area_are_replaced(town, tmp_path):
    (tmp_path / "a").mkdir()
    for _ in range(2):
        town.write(tmp_path / "a")
    assert read_area(tmp_path / "a").digest() == town.digest()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_refuses_leaves_the_old_area(town, folder, monkeypatch, number):
    def refuse(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(twin.parquet, "write_table", refuse)
    with pytest.raises(InputError, match=os.strerror(number)):
        town.write(folder)
    monkeypatch.undo()
    assert read_area(folder).digest() == town.digest()
    assert [path.name for path in folder.parent.iterdir()] == ["area"]


@pytest.mark.parametrize(
    ("crs", "message"),
    [
        ("EPSG:99999", "no known coordinate system"),
        ("EPSG:4326", "not projected"),
        ("EPSG:2225", "not projected in metres"),
    ],
)
def test_a_wrong_coordinate_system(folder, crs, message):
    header = json.loads((folder / "area.json").read_text())
    (folder / "area.json").write_text(json.dumps({**header, "crs": crs}))
    with pytest.raises(InputError, match=message):
        read_area(folder)
