"""Keep the README true: quote the example files, write its files, run its commands.

python tools/readme_examples.py           run every ```sh block in a temporary folder; fail where one fails
python tools/readme_examples.py --quote   put the example files into the README
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
QUOTE = re.compile(r"(<!-- quote: (\S+) -->\n```python\n)(.*?)(```)", re.S)
FILE = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", re.S)
SHELL = re.compile(r"```sh\n(.*?)```", re.S)


def quoted(text: str) -> str:
    """The README with the example files as they are."""
    return QUOTE.sub(lambda m: m[1] + (ROOT / m[2]).read_text(encoding="utf-8") + m[4], text)


def run(text: str) -> None:
    """Run the README's commands with the environment of this Python."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    with tempfile.TemporaryDirectory() as folder:
        for name, content in FILE.findall(text):
            Path(folder, name).write_text(content, encoding="utf-8")
        for _, path, _, _ in QUOTE.findall(text):
            Path(folder, path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, Path(folder, path))
        blocks = SHELL.findall(text)
        assert blocks, "the README has no commands"
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
    run(text)


if __name__ == "__main__":
    main()
