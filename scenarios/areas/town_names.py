"""Dutch street and neighbourhood names for a generated town, after the habit of one theme per neighbourhood."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.draws import stream, uniforms

THEMES: dict[str, tuple[str, ...]] = {
    "Vogelbuurt": (
        "Merel",
        "Spreeuwen",
        "Lijster",
        "Zwaluw",
        "Kievit",
        "Leeuwerik",
        "Nachtegaal",
        "Reiger",
        "Mezen",
        "Vinken",
        "Roodborst",
        "Grutto",
        "Wulp",
        "Ooievaar",
    ),
    "Bloemenbuurt": (
        "Rozen",
        "Tulpen",
        "Lelie",
        "Anjer",
        "Dahlia",
        "Narcissen",
        "Seringen",
        "Violen",
        "Krokus",
        "Asters",
        "Margriet",
        "Zonnebloem",
        "Klaproos",
        "Hyacinten",
    ),
    "Bomenbuurt": (
        "Eiken",
        "Beuken",
        "Linden",
        "Iepen",
        "Essen",
        "Berken",
        "Populieren",
        "Elzen",
        "Wilgen",
        "Kastanje",
        "Esdoorn",
        "Acacia",
        "Platanen",
        "Lariks",
    ),
    "Rivierenbuurt": (
        "Maas",
        "Waal",
        "Rijn",
        "IJssel",
        "Lek",
        "Linge",
        "Vecht",
        "Amstel",
        "Schelde",
        "Dommel",
        "Eem",
        "Berkel",
        "Merwede",
        "Donge",
    ),
    "Schilderskwartier": (
        "Rembrandt",
        "Vermeer",
        "Frans Hals",
        "Jan Steen",
        "Ruysdael",
        "Van Gogh",
        "Mesdag",
        "Israëls",
        "Breitner",
        "Potter",
        "Hobbema",
        "Mondriaan",
        "Toorop",
        "Mauve",
    ),
    "Componistenbuurt": (
        "Mozart",
        "Bach",
        "Beethoven",
        "Händel",
        "Schubert",
        "Chopin",
        "Verdi",
        "Haydn",
        "Brahms",
        "Vivaldi",
        "Grieg",
        "Sweelinck",
        "Diepenbrock",
        "Wagenaar",
    ),
    "Zeeheldenbuurt": (
        "Tromp",
        "De Ruyter",
        "Piet Hein",
        "Evertsen",
        "Van Speyk",
        "Heemskerk",
        "Barentsz",
        "Van Galen",
        "Kortenaer",
        "Bontekoe",
        "Van Brakel",
        "De With",
        "Houtman",
        "Tasman",
    ),
    "Schrijversbuurt": (
        "Vondel",
        "Hooft",
        "Bredero",
        "Cats",
        "Multatuli",
        "Couperus",
        "Gorter",
        "Bilderdijk",
        "Tollens",
        "Beets",
        "Kloos",
        "Marsman",
        "Nijhoff",
        "Achterberg",
    ),
    "Provinciebuurt": (
        "Friesland",
        "Drenthe",
        "Gelderland",
        "Utrecht",
        "Zeeland",
        "Brabant",
        "Limburg",
        "Holland",
        "Flevoland",
        "Overijssel",
        "Groningen",
        "Veluwe",
        "Betuwe",
        "Twente",
    ),
    "Weidebuurt": (
        "Boterbloem",
        "Klaver",
        "Zuring",
        "Pinksterbloem",
        "Madelief",
        "Kamille",
        "Fluitenkruid",
        "Riet",
        "Lisdodde",
        "Waterlelie",
        "Dotterbloem",
        "Wederik",
        "Zegge",
        "Kattenstaart",
    ),
    "Ambachtenbuurt": (
        "Smid",
        "Wever",
        "Kuiper",
        "Mandenmaker",
        "Touwslager",
        "Zilversmid",
        "Molenaar",
        "Bakker",
        "Timmerman",
        "Metselaar",
        "Glasblazer",
        "Pottenbakker",
        "Wagenmaker",
        "Leerlooier",
    ),
    "Sterrenbuurt": (
        "Orion",
        "Cassiopeia",
        "Saturnus",
        "Jupiter",
        "Mercurius",
        "Venus",
        "Poolster",
        "Zonne",
        "Maan",
        "Andromeda",
        "Pegasus",
        "Neptunus",
        "Komeet",
        "Perseus",
    ),
}
OLD_TOWN = (
    "Markt",
    "Kerkstraat",
    "Hoogstraat",
    "Langestraat",
    "Voorstraat",
    "Achterom",
    "Nieuwstraat",
    "Molenstraat",
    "Oude Gracht",
    "Vismarkt",
    "Kloosterstraat",
    "Walstraat",
    "Zuidwal",
    "Noordwal",
    "Korte Nieuwstraat",
    "Breestraat",
    "Begijnhof",
    "Papenstraat",
    "Smedenstraat",
    "Waterstraat",
    "Koestraat",
    "Havenkade",
    "Torenstraat",
    "Schoolstraat",
    "Raadhuisplein",
    "Burgwal",
)
PREFIXES = ("", "Kleine", "Oude", "Nieuwe", "Lange", "Smalle", "Grote", "Hoge", "Brede", "Lage")
ESTATE = (
    "Industrie",
    "Handels",
    "Energie",
    "Ampère",
    "Edison",
    "Nobel",
    "Transport",
    "Haven",
    "Techniek",
    "Kelvin",
    "Newton",
    "Ondernemings",
    "Fabrieks",
    "Techno",
)
SUFFIXES = {
    1: ("straat",),
    2: ("straat", "straat", "plein"),
    3: ("laan", "straat", "weg"),
    4: ("hof", "erf", "pad", "hoeve"),
    5: ("singel", "laan", "kade", "hof"),
    6: ("weg",),
    7: ("pad",),
    8: ("straat", "straat", "laan", "kade"),
    9: ("straat", "weg", "laan", "pad"),
    10: ("weg",),
    11: ("weg",),
}
SIDES = ("Oost", "Noordoost", "Noord", "Noordwest", "West", "Zuidwest", "Zuid", "Zuidoost")
RADIALS = ("Stationsweg", "Rijksweg", "Dorpsweg", "Zeeweg")


def block_themes(kinds: NDArray[Any], seed: int) -> list[str]:
    """Name of each neighbourhood, from its kind; themes repeat with a number once all are used."""
    themes = list(THEMES)
    order = np.argsort(uniforms(stream(seed, "town.themes"), np.arange(len(themes))), kind="stable")
    names, used = [], {"": 0}
    plain = {1: "Binnenstad", 6: "Bedrijvenpark", 7: "Stadspark", 10: "Buurtschap", 11: "Buitengebied"}
    turn = 0
    for kind in kinds:
        base = plain.get(int(kind)) or themes[order[turn % len(themes)]]
        turn += int(kind) not in plain
        used[base] = used.get(base, 0) + 1
        names.append(base if used[base] == 1 else f"{base} {used[base]}")
    return names


def street_name(theme: str, kind: int, number: int, draw: float) -> str:
    """Name of street `number` of a neighbourhood; `draw` in [0, 1) picks the ending."""
    if kind == 1:
        before = PREFIXES[number // len(OLD_TOWN) % len(PREFIXES)]
        return f"{before} {OLD_TOWN[number % len(OLD_TOWN)]}".strip()
    stems = ESTATE if kind == 6 else THEMES.get(theme.rstrip(" 0123456789"), THEMES["Weidebuurt"])
    endings = SUFFIXES[kind]
    ending = endings[int(draw * len(endings))]
    stem = stems[number % len(stems)]
    return f"{stem} {ending}" if " " in stem and kind == 4 else stem + ending
