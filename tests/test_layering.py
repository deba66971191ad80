"""Which package may import which: scenarios -> agents -> twin; visualisation -> twin; no domain imports another."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "twin": {"twin"},
    "agents": {"agents", "twin"},
    "scenarios": {"scenarios", "agents", "twin", "configs"},
    "visualisation": {"visualisation", "twin"},
}
OURS = {"twin", "agents", "scenarios", "visualisation", "configs", "benchmarks", "tests"}


def imports(file):
    """Dotted names that a file imports."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield node.module


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_follow_the_layers(package):
    files = sorted((ROOT / package).rglob("*.py"))
    assert len(files) >= 2, f"no files found in {package}"
    wrong = []
    for file in files:
        domain = file.relative_to(ROOT).parts[1] if package == "agents" else ""
        for name in imports(file):
            top, *rest = name.split(".")
            foreign = package == "agents" and top == "agents" and rest and rest[0] != domain
            if top in OURS and (top not in MAY_IMPORT[package] or foreign):
                wrong.append(f"{file.relative_to(ROOT)} imports {name}")
    assert wrong == []


def test_every_folder_with_code_is_a_package():
    # setuptools finds packages by __init__.py; a folder without one would be missing from the wheel
    folders = {file.parent for package in MAY_IMPORT for file in (ROOT / package).rglob("*.py")}
    assert [str(f.relative_to(ROOT)) for f in sorted(folders) if not (f / "__init__.py").exists()] == []
