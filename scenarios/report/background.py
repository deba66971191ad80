"""What stands behind the numbers: laws, the area and where it comes from, assumptions, and how the run was made."""

from __future__ import annotations

import ast
import inspect
import io
import re
import sys
import textwrap
import tokenize
from typing import Any

import numpy as np

from scenarios.report.markup import folded, number, table, text
from scenarios.report.material import Material
from twin.attributes import ORIGINS
from twin.clock import hour
from twin.errors import InputError


def laws(m: Material) -> str:
    """The conservation laws, both sides."""
    rows = [
        (
            text(b["law"]),
            *(f"{b[side]:,.1f}".removesuffix(".0") for side in ("left", "right")),
            text(b["unit"]),
            "holds" if b["holds"] else "<strong>broken</strong>",
        )
        for b in m.manifest.get("balances", ())
    ]
    heads = ("Law", "Left", "Right", "Unit", "Verdict")
    return table(heads, rows, "What must be conserved, checked at the end of the run.", (1, 2)) if rows else ""


def area_facts(m: Material) -> str:
    """Rows of each table and how they came to be."""
    rows = []
    for name, rows_of in m.area.tables.items():
        n = len(rows_of)
        if n and "origin" in vars(rows_of):  # calls came as their services did
            origin, count = np.unique(rows_of.origin.astype(str), return_counts=True)
            share = dict(zip(origin.tolist(), count.tolist(), strict=True))
            shares = (f"{100.0 * share.get(kind, 0) / n:.0f} %" for kind in ORIGINS)
            rows.append((text(name.replace("_", " ")), f"{n:,}", *shares))
    return table(
        ("Table", "Rows", *(kind.capitalize() for kind in ORIGINS)),
        rows,
        "The area, table by table: observed in a source, inferred from one, or synthetic.",
        range(1, 5),
    )


def sources(m: Material) -> str:
    """Data sources with their licences."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for name, about in m.area.sources.items():
        key = tuple(str(about.get(k, "")) for k in ("attribution", "licence", "from"))
        groups.setdefault(key, []).append(name.replace("_", " "))  # type: ignore[arg-type]
    for about in m.area.facts.get("sources", ()):
        groups.setdefault((about["attribution"], about["licence"], about["file"]), [])
    rows = [
        (text(", ".join(names)) or "figures", text(key[0]), text(key[1]), text(key[2])) for key, names in groups.items()
    ]
    return table(("Tables", "Attribution", "Licence", "From"), rows, "Data sources") if rows else ""


def assumptions(m: Material) -> str:
    """The area's assumptions and the settings of every domain."""
    made = m.area.facts.get("assumptions") or {}
    rows = [(text(key), text(meaning)) for key, meaning in made.items()] if isinstance(made, dict) else []
    parts = (
        [folded(f"The area ({len(rows)})", table(("About", "Assumption"), rows, "How the area was made"))]
        if rows
        else []
    )
    return "\n".join([*parts, *_domains(m)])


def _domains(m: Material) -> list[str]:
    from scenarios.configuration import validate

    try:
        found = validate(m.plain).domains if m.plain else {}
    except InputError:  # a run of an earlier version, whose settings have changed
        found = {}
    parts = []
    for name, (domain, config) in found.items():
        rows = _settings(config) if config is not None else []
        package = domain.__module__.rpartition(".")[0]
        for module in sorted(key for key in sys.modules if key.startswith(package + ".")):
            noted = getattr(sys.modules[module], "ASSUMPTIONS", None)
            if isinstance(noted, dict):
                rows += [(f"<code>{text(key)}</code>", *_noted(value)) for key, value in noted.items()]
        if rows:
            settings = table(("Setting", "Value", "Meaning and source"), rows, f"Settings of the {text(name)} domain")
            parts.append(folded(f"{text(name.capitalize())} ({len(rows)})", settings))
    return parts


def _noted(value: Any) -> tuple[str, str]:
    """An entry of a module's ASSUMPTIONS: (value, unit, source)."""
    if isinstance(value, tuple) and len(value) == 3:
        return text(f"{value[0]:g} {value[1]}" if isinstance(value[0], int | float) else value[0]), text(value[2])
    return text(value), ""


def _settings(config: Any) -> list[tuple[str, str, str]]:
    model = type(config)
    meanings, comments = meanings_of(model), comments_of(model)
    rows = []
    for name, info in model.model_fields.items():
        value, default = getattr(config, name), info.get_default(call_default_factory=True)
        changed = "" if value == default else f" <strong>(default {_value(default)})</strong>"
        about = [part for part in (info.description, meanings.get(name), comments.get(name)) if part]
        rows.append((f"<code>{text(name)}</code>", _value(value) + changed, text("; ".join(about))))
    return rows


def _value(value: Any) -> str:
    """A setting as text; models and mappings as their own settings."""
    if hasattr(value, "model_dump"):
        given = {k: v for k, v in value.model_dump().items() if v not in (0, 0.0, None)}
        return ", ".join(f"{text(k)} {_value(v)}" for k, v in given.items()) or "–"
    if isinstance(value, dict):
        return "<br/>".join(f"<b>{text(k)}</b>: {_value(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_value(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else text(value)


def meanings_of(model: Any) -> dict[str, str]:
    """ "name, other : meaning" lines of a model's docstring, by name."""
    found: dict[str, str] = {}
    current: list[str] = []
    for line in inspect.cleandoc(model.__doc__ or "").splitlines():
        for piece in re.split(r"(?<=[.;])\s+(?=[a-z_]+\s?: )", line.strip()):
            match = re.match(r"((?:[a-z_]+)(?:, [a-z_]+)*)\s*: (.+)", piece)
            if match and all(name in model.model_fields for name in match[1].split(", ")):
                current = match[1].split(", ")
                found |= dict.fromkeys(current, match[2].rstrip(";"))
            elif current and piece and line.startswith(" "):
                found |= {name: f"{found[name]} {piece}" for name in current}
    return found


def comments_of(model: Any) -> dict[str, str]:
    """The comment at, or just above, each field of a model: where its default comes from."""
    try:
        source = textwrap.dedent(inspect.getsource(model))
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
        body = ast.parse(source).body[0]
    except (OSError, SyntaxError, tokenize.TokenError):
        return {}
    comments = {t.start[0]: t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}
    found = {}
    for node in getattr(body, "body", []):
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        above = node.lineno - 1
        lines: list[str] = []
        while above in comments and source.splitlines()[above - 1].lstrip().startswith("#"):
            lines.insert(0, comments[above])
            above -= 1
        lines += [comments[k] for k in range(node.lineno, (node.end_lineno or node.lineno) + 1) if k in comments]
        if lines:
            found[node.target.id] = " ".join(lines)
    return found


def made(m: Material) -> str:
    """Seed, digests, versions and seconds."""
    manifest = m.manifest
    area = manifest.get("area", {})
    said = {
        "Scenario": manifest.get("scenario", ""),
        "Status": manifest.get("status", ""),
        "Started": manifest.get("started", ""),
        "Seed": manifest.get("seed", ""),
        "First day": f"{manifest.get('start', '')} ({manifest.get('time_zone', '')})",
        "Simulated": f"{m.until / hour:g} h",
        "Couplings cut": ", ".join(manifest.get("cut", [])) or "none",
        "Result digest": manifest.get("result_digest", "–"),
        "Area digest": area.get("digest", "–"),
        "Coordinate system": area.get("crs", "–"),
        "Code digest": manifest.get("code_digest", "–"),
        "Platform": manifest.get("platform", "–"),
        "Purpose": manifest.get("purpose", ""),
        "Owner": manifest.get("owner", ""),
        "Keep until": manifest.get("keep_until", ""),
        "Wall time": f"{manifest['wall_s']:.1f} s" if "wall_s" in manifest else "",
        "Peak memory": f"{manifest['peak_rss_mb']:.0f} MB" if "peak_rss_mb" in manifest else "",
    }
    run = table(("What", "Value"), [(text(a), text(b)) for a, b in said.items() if b != ""], "This run")
    seconds = [(text(k), number(v)) for k, v in manifest.get("seconds", {}).items()]
    versions = [(text(k), text(v)) for k, v in manifest.get("versions", {}).items()]
    more = [table(("Package", "Version"), versions, "Versions")] if versions else []
    more += [table(("Part", "Seconds"), seconds, "Computing time", (1,))] if seconds else []
    return run + folded("Versions and seconds", "\n".join(more))
