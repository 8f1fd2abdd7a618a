"""The wheel in clean environments, away from the checkout: README's code, each command.

For releases, minutes for each interpreter: `python .ci/wheel.py python3.11 python3.13`.
What pip takes are the newest versions, not those of `constraints.txt`.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
EXTRAS = "cluster,data,movies,onnx"
STUDY = 'seeds = 2\nepochs = 1\n[[families]]\nvaries = "width"\nvalues = [2, 4]\n'
FILES = f"""
import pathlib
regions.save_network("net.npz", net)
np.save("x.npy", rng.uniform(-1.0, 1.0, (9, 2)))
pathlib.Path("mine.toml").write_text({STUDY!r})
"""
COMMANDS = """\
count net.npz --box -1 1
list net.npz --box -1 1 --out regions.parquet
verify regions.parquet --network net.npz
estimate net.npz --box -1 1 --cells 20 --runs 2
ask net.npz range --box -1 1 --out answer.json
verify answer.json
polytope net.npz --at x.npy:7 --nearest 3
walk net.npz line --from=-1,0 --to 1,0.5
walk net.npz graph --box -1 1 --out graph.graphml
topology net.npz --box -1 1 --holes
slice net.npz --around x.npy:7 --radius 1
grid net.npz --box -1 1 --resolution 64
table net.npz --data x.npy
simplify net.npz --box -1 1 --out small.npz
export net.npz --box -1 1 --out net.c
export net.npz --out net.onnx
count net.onnx --box -1 1
pieces net.npz --box -1 1 --workers 2
compile
atlas net.npz --box -1 1 --out page.html
atlas net.npz --box -1 1 --figure map.svg
movie --shape [4]*1 --epochs 2 --frames 2 --size 32 --points 50 --val-points 50
ring --preset smoke
study hopfield smoke
scaling mine.toml
"""


def run(folder: pathlib.Path, *words: str | pathlib.Path) -> str:
    """The output of a program in a folder, away from this checkout and its settings.

    Raises:
        subprocess.CalledProcessError: If it fails; what it said is printed.
    """
    settings = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        words,
        cwd=folder,
        env=settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        print(f"FAILED  {' '.join(map(str, words))}\n{done.stdout[-2000:]}")
    done.check_returncode()
    return done.stdout


def install(interpreter: str, folder: pathlib.Path) -> pathlib.Path:
    """Build the wheel, and the Python of an environment that has it."""
    print(run(folder, interpreter, "--version").strip(), flush=True)
    run(folder, interpreter, "-m", "venv", "env")
    python = folder / "env" / "bin" / "python"
    pip = (python, "-m", "pip", "--quiet", "--disable-pip-version-check")
    run(folder, *pip, "wheel", "--no-deps", ROOT)
    (wheel,) = folder.glob("*.whl")
    run(folder, *pip, "install", f"{wheel}[{EXTRAS}]")
    return python


def use(python: pathlib.Path, folder: pathlib.Path) -> None:
    """Run README's code and the commands."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    (folder / "readme.py").write_text(code + FILES, encoding="utf-8")
    assert run(folder, python, "readme.py") == "215 True\n"
    for line in COMMANDS.splitlines():
        run(folder, python.with_name("relu-regions"), *line.split())
        print(f"ok      {line}", flush=True)


if __name__ == "__main__":
    for name in sys.argv[1:] or ["python3"]:
        with tempfile.TemporaryDirectory() as place:
            use(install(name, pathlib.Path(place)), pathlib.Path(place))
