"""Ways in which an OpenStreetMap extract can be spoilt, each with its own keyed luck."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from random import Random

ELEMENT = re.compile(r"^  <(node|way|relation)\b[^\n]*?(?:/>|>\n.*?^  </\1>)$", re.M | re.S)
HEAD, TAIL = "<?xml version='1.0' encoding='UTF-8'?>\n<osm version=\"0.6\">\n", "\n</osm>\n"
VALUES = (
    *(
        "999",
        "-3",
        "2;3",
        "two",
        "",
        " ",
        "0",
        "NaN",
        "inf",
        "-inf",
        "1e309",
        "1" * 400,
        "0x10",
        "½",
        "٣",
        "²",
        "50 mph",
    ),
    *("yes", "no", "-1", "reverse", "motorway", "residential", "service", "footway", "steps", "proposed", "house"),
    *(
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "&#9;&#10;",
        "x" * 5000,
        "naïve 道路 🚲",
        "%s %(a)s {0}",
        "../../etc",
        "40'",
        "12'6&quot;",
    ),
    *("only_straight_on", "no_entry", "multipolygon", "restriction", "roundabout", "9999-99-99", "walk", "DE:zone"),
)
KEYS = (
    *("highway", "building", "oneway", "maxspeed", "lanes", "access", "junction", "layer", "bridge", "name", "height"),
    *("building:levels", "amenity", "addr:housenumber", "type", "restriction", "area", "start_date", "landuse", "foot"),
    *("lanes:forward", "cycleway", "bicycle", "motor_vehicle", "traffic_signals", "roof:levels", "service", "capacity"),
)
NUMBERS = ("0", "-1", "1e9", "180.0000001", "91", "NaN", "inf", "", "4,92", "52.34.1", "0.0000000000001", "-179.99")
IDS = ("0", "-1", "-9", "9223372036854775807", "99999999999999999999", "1.5", "", "abc", "4611686018427387904")

Elements = list[str]


def elements(text: str) -> Elements:
    """The nodes, ways and relations of an extract, each as text."""
    return [found[0] for found in ELEMENT.finditer(text)]


def some(items: list[int], luck: Random, most: float = 0.3) -> list[int]:
    """A few of `items`, or many."""
    share = luck.choice((0.0, 0.01, 0.05, most))
    return luck.sample(items, min(len(items), max(1, int(share * len(items)))))


def of(found: Elements, kind: str) -> list[int]:
    """Which elements are of a kind."""
    return [i for i, text in enumerate(found) if text.startswith(f"  <{kind}")]


def change(found: Elements, luck: Random, kind: str, pattern: str, new: Callable[[Random, str], str]) -> Elements:
    """Replace one match of `pattern` in each of some elements of a kind."""
    for i in some([i for i in of(found, kind) if re.search(pattern, found[i])], luck, 1.0):
        matches = [*re.finditer(pattern, found[i])]
        hit = luck.choice(matches)
        found[i] = found[i][: hit.start()] + new(luck, hit[0]) + found[i][hit.end() :]
    return found


def drop(found: Elements, luck: Random) -> Elements:
    kind = luck.choice(("node", "way", "relation", ""))
    gone = set(some(of(found, kind), luck, 0.8))
    return [text for i, text in enumerate(found) if i not in gone]


def duplicate(found: Elements, luck: Random) -> Elements:
    twice = set(some(list(range(len(found))), luck))
    return [text for i, text in enumerate(found) for _ in range(2 if i in twice else 1)]


def twins(found: Elements, luck: Random) -> Elements:
    """The same thing once more under another number, as a second import leaves it."""
    again = [re.sub(r'id="(\d+)"', r'id="7\1"', found[i], count=1) for i in some(of(found, "way"), luck, 1.0)]
    return ordered([*found, *again])


def ordered(found: Elements) -> Elements:
    rank = {"node": 0, "way": 1, "rela": 2}
    return sorted(found, key=lambda t: rank[t.lstrip(" <")[:4].strip()] if t.lstrip(" <")[:3] != "way" else 1)


def shuffle(found: Elements, luck: Random) -> Elements:
    luck.shuffle(found)
    return found


def values(found: Elements, luck: Random) -> Elements:
    kind = luck.choice(("node", "way", "way", "relation"))
    return change(found, luck, kind, r'(?<= v=")[^"]*', lambda r, _: r.choice(VALUES))


def keys(found: Elements, luck: Random) -> Elements:
    kind = luck.choice(("node", "way", "way", "relation"))
    return change(found, luck, kind, r'(?<= k=")[^"]*', lambda r, _: r.choice(KEYS))


def tags(found: Elements, luck: Random) -> Elements:
    """One more tag on some elements."""
    return change(
        found,
        luck,
        luck.choice(("way", "relation")),
        r"(?=\n  </)",
        lambda r, _: f'\n    <tag k="{r.choice(KEYS)}" v="{r.choice(VALUES)}"/>',
    )


def move(found: Elements, luck: Random) -> Elements:
    far = luck.choice((1e-7, 1e-4, 0.01, 1.0, 90.0))
    return change(
        found, luck, "node", r'(?<=l[ao][tn]=")-?\d+\.\d+(?=")', lambda r, v: f"{float(v) + r.gauss(0, far):.7f}"
    )


def numbers(found: Elements, luck: Random) -> Elements:
    return change(found, luck, "node", r'(?<=l[ao][tn]=")[^"]*', lambda r, _: r.choice(NUMBERS))


def swap(found: Elements, luck: Random) -> Elements:
    """Latitude for longitude, in some nodes or in all."""
    for i in some(of(found, "node"), luck, 1.0):
        found[i] = found[i].replace("lat=", "l?t=").replace("lon=", "lat=").replace("l?t=", "lon=")
    return found


def flat(found: Elements, luck: Random) -> Elements:
    """Many nodes at one place."""
    at = luck.choice((("0", "0"), ("52.34", "4.93"), ("-33.86", "151.2"), ("90", "180"), ("89.9", "-180")))
    for i in some(of(found, "node"), luck, 1.0):
        found[i] = re.sub(r'lat="[^"]*" lon="[^"]*"', f'lat="{at[0]}" lon="{at[1]}"', found[i])
    return found


def references(found: Elements, luck: Random) -> Elements:
    known = re.findall(r'(?<=<node id=")\d+', "".join(found))
    return change(
        found, luck, luck.choice(("way", "relation")), r'(?<=ref=")[^"]*', lambda r, _: r.choice((*known, *IDS))
    )


def numbering(found: Elements, luck: Random) -> Elements:
    return change(found, luck, luck.choice(("node", "way", "relation")), r'(?<= id=")[^"]*', lambda r, _: r.choice(IDS))


def negative(found: Elements, luck: Random) -> Elements:
    """Every number below zero, as an editor writes what it has not yet sent."""
    return [re.sub(r'(?<=(?: id|ref)=")(\d+)', r"-\1", text) for text in found]


def refs(found: Elements, luck: Random) -> Elements:
    """Ways with a node more or less, or with one node only."""
    for i in some(of(found, "way"), luck, 1.0):
        nodes = re.findall(r"\n    <nd [^>]*>", found[i])
        rest = re.sub(r"\n    <nd [^>]*>", "", found[i])
        turn = luck.choice(("one", "none", "twice", "back", "shuffle", "less"))
        chosen = {
            "one": nodes[:1],
            "none": [],
            "twice": nodes * 2,
            "back": nodes[::-1],
            "shuffle": luck.sample(nodes, len(nodes)),
            "less": nodes[: len(nodes) // 2],
        }[turn]
        found[i] = rest.replace("\n", "".join(chosen) + "\n", 1)
    return found


def members(found: Elements, luck: Random) -> Elements:
    """Relations with members in another order, without roles, or that hold themselves."""
    for i in some(of(found, "relation"), luck, 1.0):
        lines = found[i].split("\n")
        inner = lines[1:-1]
        luck.shuffle(inner)
        number = re.search(r'id="([^"]*)"', lines[0])
        inner.append(f'    <member type="relation" ref="{number[1] if number else 0}" role=""/>')
        found[i] = re.sub(
            luck.choice(("outer", "inner", "from", "to", "via", "zz")), "", "\n".join([lines[0], *inner, lines[-1]])
        )
    return found


def attributes(found: Elements, luck: Random) -> Elements:
    """Without one attribute."""
    return change(
        found,
        luck,
        luck.choice(("node", "way", "relation")),
        r' (?:id|lat|lon|version|k|v|ref|type|role)="[^"]*"',
        lambda r, _: "",
    )


def layers(found: Elements, luck: Random) -> Elements:
    """All ways with one more tag alike."""
    tag = f'\n    <tag k="{luck.choice(KEYS)}" v="{luck.choice(VALUES)}"/>'
    return [text.replace("\n  </way>", tag + "\n  </way>") for text in found]


SPOILERS = (
    *(drop, duplicate, twins, shuffle, values, keys, tags, move, numbers, swap, flat, references, numbering, negative),
    *(refs, members, attributes, layers),
)


def truncate(data: bytes, luck: Random) -> bytes:
    return data[: luck.randrange(len(data))]


def flip(data: bytes, luck: Random) -> bytes:
    out = bytearray(data)
    for _ in range(luck.choice((1, 5, 200))):
        out[luck.randrange(len(out))] = luck.randrange(256)
    return bytes(out)


def encode(data: bytes, luck: Random) -> bytes:
    text = data.decode()
    code = luck.choice(("utf-16", "latin-1", "utf-8-sig", "cp037", "ascii", "utf-7"))
    if luck.random() < 0.5:
        text = text.replace("UTF-8", luck.choice((code, "KOI8-R", "unknown-8", "")), 1)
    return text.encode(code, errors="replace")


def control(data: bytes, luck: Random) -> bytes:
    """Control characters, bad UTF-8 or a document type among the tags."""
    at = luck.randrange(len(data))
    return (
        data[:at]
        + luck.choice((b"\x00", b"\x07", b"\xff\xfe", b"\xc3", b"&nbsp;", b"<!DOCTYPE a>", b"]]>"))
        + data[at:]
    )


def spoil(text: str, packed: bytes, seed: int) -> tuple[str, bytes]:
    """Ending of the name and contents of a spoilt extract.

    text : the extract as XML with one element per block;  packed: the same as PBF
    """
    luck = Random(seed)
    if luck.random() < 0.1:
        return ".osm.pbf", luck.choice((truncate, flip))(packed, luck)
    found = elements(text)
    for _ in range(luck.choice((1, 1, 2, 4))):
        found = luck.choice(SPOILERS)(found, luck)
    data = (HEAD + "\n".join(found) + TAIL).encode()
    if luck.random() < 0.2:
        data = luck.choice((truncate, flip, encode, control))(data, luck)
    if luck.random() < 0.1:
        data = gzip.compress(data)
        return ".osm.gz", data if luck.random() < 0.5 else truncate(data, luck)
    return ".osm", data
