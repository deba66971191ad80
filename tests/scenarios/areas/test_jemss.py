"""Cities of JEMSS: Utrecht and Manhattan, a small one written by hand, and folders that are broken."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from scenarios.areas.geotiff import read_raster
from scenarios.areas.jemss import City, read_city, read_tables
from scenarios.areas.streets import CAR_B, CLASS, MODES, main_component
from twin.errors import InputError

Data = Callable[..., Path]


@pytest.fixture(scope="module")
def utrecht(reference_data: Data) -> City:
    return read_city(reference_data("care", "jemss_utrecht"))


def test_utrecht(utrecht: City) -> None:
    assert len(utrecht.post_name) == 18
    assert utrecht.post_name[0] == "Nieuwegein"
    assert (utrecht.post_lon[0], utrecht.post_lat[0]) == (5.068168, 52.028054)
    assert set(utrecht.post_capacity) == {5}
    assert len(utrecht.hospital_name) == 9
    held = np.bincount(utrecht.ambulances, minlength=18)
    assert held.sum() == 19
    assert held[6] == 0  # the seventh post has none
    assert utrecht.calls == {"highPriority": 101.304, "medPriority": 0.0, "lowPriority": 49.896}
    assert utrecht.targets["highPriority"] == pytest.approx(12.0)
    assert utrecht.speeds == {
        "highPriority": pytest.approx(39.6),
        "medPriority": pytest.approx(39.6),
        "lowPriority": pytest.approx(36.0),
    }
    assert utrecht.bounds == (4.6605, 51.9217, 5.7559, 52.3146)
    assert utrecht.streets is None
    assert utrecht.account.notes == ["has no roads.zip"]


def test_people_of_utrecht_live_in_its_towns(utrecht: City) -> None:
    raster = utrecht.population
    assert raster is not None
    assert raster.values.shape == (829, 1151)
    lon, lat = raster.middles()

    def mean(x: float, y: float) -> float:
        return float(raster.values[(abs(lon - x) < 0.01) & (abs(lat - y) < 0.01)].mean())

    assert mean(5.11, 52.09) > 10 * mean(4.95, 52.15)  # the city, and the meadows in the west
    west, south, east, north = raster.bounds
    assert all((utrecht.post_lon > west) & (utrecht.post_lon < east))
    assert all((utrecht.post_lat > south) & (utrecht.post_lat < north))


def test_roads_of_manhattan(reference_data: Data) -> None:
    city = read_city(reference_data("care", "jemss_manhattan"))
    s = city.streets
    assert s is not None
    assert city.crs == "EPSG:32618"
    assert city.account.read["arcs"] == 24_437
    for mode in MODES:
        assert main_component(len(s.x), *s.directed(mode))[1] == 1.0
    # the island is some 21 km long and 3.5 km wide
    assert 20_000 < np.hypot(np.ptp(s.x), np.ptp(s.y)) < 24_000
    two_way = (s.flags & CAR_B) > 0
    length = s.lengths()
    assert 0.2 < length[two_way].sum() / length.sum() < 0.7
    speeds = s.speed * 3.6
    assert np.median(speeds[s.road_class == CLASS["motorway"]]) == pytest.approx(72.1, abs=0.5)
    assert len(s.marks["gateway"]) >= 1
    assert city.population is not None
    # residents per m2 times the size of a cell (20 m): Manhattan had 1.54 million in 2000
    assert city.population.values.sum() * 401.5 == pytest.approx(1.54e6, rel=0.05)


STATIONS = "stations,,,remark\nindex,x,y,capacity,,city\n1,5.1,52.1,1,,Utrecht\n2,6.9,52.1,3,,Enschede\n\n"
NODES = "nodes,3,,\nindex,x,y,offRoadAccess,\n1.0,5.10,52.10,1.0,\n2.0,5.11,52.10,1.0,\n3.0,5.11,52.11,1.0,\n"
ARCS = (
    "miscData,1,,\narcForm,numModes,\ndirected,2\n,\narcs,4,,\nindex,fromNode,toNode,mode_1,mode_2,\n"
    "1.0,1.0,2.0,0.0004,0.0006\n2.0,2.0,1.0,0.0004,0.0006\n3.0,2.0,3.0,0.0004,0.0006\n4.0,3.0,1.0,0.0004,0.0006\n"
    "5.0,3.0,9.0,0.1,0.1\n,\n"
)


def folder(path: Path, **files: str) -> Path:
    path.mkdir()
    for name, text in {"stations_1": STATIONS, **files}.items():
        (path / f"{name}.csv").write_text(text)
    return path


def roads(path: Path, **files: str) -> Path:
    with zipfile.ZipFile(path / "roads.zip", "w") as archive:
        for name, text in {"nodes": NODES, "arcs": ARCS, **files}.items():
            archive.writestr(f"{name}.csv", text)
    return path


def test_a_small_city(tmp_path: Path) -> None:
    city = read_city(
        folder(
            tmp_path / "city",
            ambulances_1="ambulances,,\nindex,stationIndex,class\n1,1,1\n2,1,1\n3,7,1\n",
            map_1="map,,,\nxMin,xMax,yMin,yMax\n5,6,52,53\n",
        )
    )
    assert city.ambulances.tolist() == [0, 0]
    assert city.account.unplaced == {"ambulances of a post that is not there": 1}
    assert "1 posts lie outside the bounds of the map" in city.account.notes
    assert "1 posts have more ambulances than room" in city.account.notes


def test_small_roads(tmp_path: Path) -> None:
    city = read_city(roads(folder(tmp_path / "city")))
    s = city.streets
    assert s is not None
    assert city.crs == "EPSG:28992"
    assert city.account.dropped == {"arcs without nodes, length or time": 1}
    # 0.0006 days for 685 m is 13.2 km/h: times are those of the last mode, without lights and sirens
    assert s.speed.min() * 3.6 == pytest.approx(685.2 / 1000 / (0.0006 * 24) * 1.0, rel=0.01)
    undirected = read_city(roads(folder(tmp_path / "other"), arcs=ARCS.replace("directed,2", "undirected,2"))).streets
    assert undirected is not None
    assert ((undirected.flags & CAR_B) > 0).all()
    assert not ((s.flags & CAR_B) > 0).all()


def test_all_faults_at_once(tmp_path: Path) -> None:
    path = folder(
        tmp_path / "city",
        hospitals_1="posts,,\nindex,x,y\n1,5,52\n",
        ambulances_1="ambulances,,\nindex,station\n1,1\n",
        demand_1="demandModes,,\npriority,arrivalRate\nhighPriority,many\n",
        map_1="map\n",
    )
    (path / "roads.zip").write_bytes(b"PK\3\4 cut")
    with pytest.raises(InputError) as error:
        read_city(path)
    said = [f.what for f in error.value.faults]
    for part in (
        "has no table hospitals",
        "lacks stationIndex",
        "holds no number",
        "has no headings",
        "cannot be unpacked",
    ):
        assert any(part in what for what in said), part


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("stations\nindex,x,y\n", "has no rows"),
        ("stations\nindex,x,y\n1,84000,447000\n", "not in degrees"),
        ("hospitals\nindex,x,y\n1,5,52\n", "has no table stations"),
    ],
)
def test_posts_that_cannot_be_read(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_city(folder(tmp_path / "city", stations_1=text))


def test_another_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no stations_1"):
        read_city(tmp_path)


def test_tables_of_one_file() -> None:
    tables = read_tables('a,,"note, long"\nx,y,\n1,2,\n,,\nb\nz\n3\n4\n', "here")
    assert tables["a"].dicts() == [{"x": "1", "y": "2"}]
    assert tables["b"].column("z") == ["3", "4"]


def tiff(cut: int = 0, tile: bool = False) -> bytes:
    """A GeoTIFF of 2 x 2 cells of 0.5 degrees from (5, 52): 1 2 / 3 4."""
    entries = [(256, 3, 1, 2), (257, 3, 1, 2), (258, 3, 1, 64), (259, 3, 1, 1), (277, 3, 1, 1), (339, 3, 1, 3)]
    start = 8 + 2 + 12 * 10 + 4
    entries += [
        (324 if tile else 273, 4, 1, start),
        (279, 4, 1, 32),
        (33550, 12, 3, start + 32),
        (33922, 12, 6, start + 56),
    ]
    head = struct.pack("<2sHIH", b"II", 42, 8, len(entries))
    body = b"".join(struct.pack("<HHII", *e) for e in sorted(entries)) + b"\0\0\0\0"
    values = struct.pack("<4d3d6d", 1, 2, 3, 4, 0.5, 0.5, 0, 0, 0, 0, 5, 52, 0)
    return (head + body + values)[: -cut or None]


def test_a_raster() -> None:
    raster = read_raster(tiff(), "here")
    assert raster.values.tolist() == [[1, 2], [3, 4]]
    assert raster.bounds == (5, 51, 6, 52)
    assert raster.middles()[1][0].tolist() == [51.75, 51.75]


@pytest.mark.parametrize("data", [b"", b"II*\0", b"MM" + b"\0" * 20, b"PNG", tiff(cut=60), tiff(tile=True)])
def test_rasters_that_cannot_be_read(data: bytes) -> None:
    with pytest.raises(InputError, match="here: "):
        read_raster(data, "here")
