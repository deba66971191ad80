"""Keep the README and the pages of docs/ true: quote the example files, write their files, run their commands.

python tools/readme_examples.py           run every ```sh block in a temporary folder; fail where one fails
python tools/readme_examples.py --quote   put the example files into the README

A page that starts from downloads finds them in the folder `downloads`, which stands for the reference data.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = (ROOT / "docs" / "traffic.md",)
WITH_DATA = (ROOT / "docs" / "your-own-town.md",)
DATA = Path(os.environ.get("TWIN_REFERENCE_DATA") or ROOT.parent / "shared" / "data")
DOWNLOADS = {
    "districts": "stats_nl",
    "town.osm.pbf": "osm/delft.osm.pbf",
    "energy.csv.gz": "energy/nl_municipality_energy_2023.csv.gz",
    "knmi.zip": "energy/knmi_hourly_344_rotterdam_2021_2025.zip",
}
QUOTE = re.compile(r"(<!-- quote: (\S+) -->\n```python\n)(.*?)(```)", re.S)
FILE = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", re.S)
SHELL = re.compile(r"```sh\n(.*?)```", re.S)


def quoted(text: str) -> str:
    """The README with the example files as they are."""
    return QUOTE.sub(lambda m: m[1] + (ROOT / m[2]).read_text(encoding="utf-8") + m[4], text)


def run(text: str, downloads: bool = False) -> None:
    """Run the commands of a page with the environment of this Python."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    with tempfile.TemporaryDirectory() as folder:
        for name, content in FILE.findall(text):
            Path(folder, name).write_text(content, encoding="utf-8")
        for _, path, _, _ in QUOTE.findall(text):
            Path(folder, path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, Path(folder, path))
        for name, path in DOWNLOADS.items() if downloads else ():
            Path(folder, "downloads").mkdir(exist_ok=True)
            Path(folder, "downloads", name).symlink_to(DATA / path)
        blocks = SHELL.findall(text)
        assert blocks, "the page has no commands"
        for block in blocks:
            print(f"--- {block.strip()}", flush=True)
            subprocess.run(["sh", "-ec", block], cwd=folder, env=environment, check=True)


def main() -> None:
    """Quote, or check and run."""
    text = README.read_text(encoding="utf-8")
    if "--quote" in sys.argv:
        README.write_text(quoted(text), encoding="utf-8")
        return
    if quoted(text) != text:
        sys.exit("the README quotes an older example: run python tools/readme_examples.py --quote")
    for page in (README, *PAGES):
        run(page.read_text(encoding="utf-8"))
    for page in WITH_DATA:
        if DATA.is_dir():
            run(page.read_text(encoding="utf-8"), downloads=True)
        elif os.environ.get("TWIN_REFERENCE_DATA"):
            sys.exit(f"no reference data at {DATA}")
        else:
            print(f"--- {page.name}: left out, no reference data at {DATA}")


if __name__ == "__main__":
    main()
