"""The built atlas page is that of its sources, and is built anew where it is not.

Needs Node and npm only when the sources have changed since the page was built.
"""

import hashlib
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = ROOT / "experiments" / "atlas" / "page.html"


def sources() -> dict[str, bytes]:
    """Files that the page is built from, as `atlas/vite.config.js` lists them."""
    folder = ROOT / "atlas"
    names = ["index.html", "package.json", "package-lock.json", "tsconfig.json"]
    names += ["vite.config.js", *(f"src/{f.name}" for f in (folder / "src").iterdir())]
    names.append("../experiments/atlas/schema.json")
    return {name: (folder / name).read_bytes() for name in names}


def fingerprint() -> str:
    """SHA-256 over the names and contents of the sources."""
    digest = hashlib.sha256()
    for name, content in sorted(sources().items()):
        digest.update(name.encode() + b"\0" + content + b"\0")
    return digest.hexdigest()


def recorded(page: str) -> str | None:
    """Fingerprint of the sources that a page says it was built from."""
    found = re.search(r'<meta name="atlas-sources" content="(\w+)">', page)
    return found and found[1]


def main() -> str | None:
    """None if the page is that of the sources, and else what to do."""
    if recorded(PAGE.read_text(encoding="utf-8")) == fingerprint():
        return None
    page = PAGE.relative_to(ROOT)
    if shutil.which("npm") is None:
        return f"{page} is stale: run `make atlas` where Node is, and commit the page."
    subprocess.run(["make", "--no-print-directory", "atlas"], cwd=ROOT, check=True)
    if recorded(PAGE.read_text(encoding="utf-8")) != fingerprint():
        return f"{page} was built and still is not that of atlas/: see vite.config.js."
    return f"{page} was not what atlas/ builds; it is built anew: commit it."


if __name__ == "__main__":
    sys.exit(main())
