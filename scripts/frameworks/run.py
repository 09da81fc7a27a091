"""Real frameworks as judges: each loads originals and conversions with its own code, and says what it would do.

    npm run build
    npm run frameworks                         all judges
    npm run frameworks -- timm keras           some of them
    npm run frameworks -- --verbose            what was told and refused, too

It makes a virtual environment with what pip has (about 4 GB; FRAMEWORKS_HOME, by default ~/.cache/rebatch-frameworks)
and, for what packages leave out, shallow clones beside it (FRAMEWORKS_SOURCES where they are already). What cannot be
installed is skipped, with its reason. Each judge runs in a process of its own, for 2 to 15 minutes on one core.

It exits with 1 where a conversion is wrong, where a default differs, or where a control passes. README.md in this
folder says what is compared.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOME = Path(os.environ.get("FRAMEWORKS_HOME", Path.home() / ".cache/rebatch-frameworks"))
SOURCES = Path(os.environ.get("FRAMEWORKS_SOURCES", HOME / "sources"))

#: A judge: the packages it needs, and the repositories of what packages leave out.
JUDGES: dict[str, tuple[list[str], list[str]]] = {
    "transformers": (["torch", "transformers", "accelerate"], []),
    "trl": (["torch", "transformers", "accelerate", "trl"], []),
    "lightning": (["torch", "lightning", "jsonargparse[signatures]"], []),
    "timm": (["torch", "timm"], ["huggingface/pytorch-image-models"]),
    "keras": (["torch", "keras"], []),
    "deepspeed": (["torch", "deepspeed"], []),
    "defaults": (["torch", "transformers", "trl", "lightning", "timm", "keras"], ["huggingface/pytorch-image-models"]),
}


def environment() -> Path:
    folder = HOME / "venv"
    python = folder / "bin/python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    return python


def install(python: Path, packages: list[str]) -> str | None:
    """Why a package cannot be had; None where all are there."""
    for package in packages:
        found = f"import importlib.util, sys; sys.exit(not importlib.util.find_spec({package.split('[')[0]!r}))"
        if subprocess.run([python, "-c", found], check=False).returncode == 0:
            continue
        print(f"installing {package}", file=sys.stderr, flush=True)
        # DeepSpeed builds its kernels when they are used, and the judges use none.
        env = {**os.environ, "DS_BUILD_OPS": "0"}
        made = subprocess.run([python, "-m", "pip", "install", "-q", package], env=env, check=False)
        if made.returncode != 0:
            return f"pip cannot install {package}"
    return None


def clone(repository: str) -> str | None:
    """Why a repository cannot be had; None where it is there."""
    folder = SOURCES / repository.split("/")[1]
    if folder.is_dir():
        return None
    address = f"https://github.com/{repository}"
    made = subprocess.run(["git", "clone", "-q", "--depth", "1", address, str(folder)], check=False)
    return f"git cannot clone {repository}" if made.returncode != 0 else None


def judged(python: Path, name: str) -> dict:
    """What a judge says; it is skipped where it cannot be run."""
    packages, repositories = JUDGES[name]
    why = install(python, packages) or next((w for r in repositories if (w := clone(r))), None)
    if why:
        return {"framework": name, "skip": why}
    file = HERE / ("defaults.py" if name == "defaults" else f"judge_{name}.py")
    env = {**os.environ, "FRAMEWORKS_SOURCES": str(SOURCES), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([python, str(file)], env=env, stdout=subprocess.PIPE, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return json.loads(lines[-1]) if lines else {"framework": name, "skip": f"it ended with {done.returncode}"}


def row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("judges", nargs="*", metavar="JUDGE", help=", ".join(JUDGES))
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    if unknown := [j for j in options.judges if j not in JUDGES]:
        parser.error(f"no judge {unknown[0]}; there are {', '.join(JUDGES)}")
    python, bad = environment(), 0
    print(row("framework", "version", "conversions", "right", "told", "refused", "controls caught"))
    print(row(*["---"] * 7))
    notes: list[str] = []
    for name in options.judges or JUDGES:
        told = judged(python, name)
        if "skip" in told:
            print(row(told["framework"], f"skipped: {told['skip']}", *[""] * 5), flush=True)
            bad += 1 if name in options.judges else 0
            continue
        controls = f"{told['caught']} of {told['controls']}"
        counts = (told["cases"], told["right"], len(told["told"]), len(told["refused"]))
        print(row(told["framework"], told["version"], *counts, controls), flush=True)
        bad += len(told["wrong"])
        kinds = ("wrong", "told", "refused", "skipped") if options.verbose else ("wrong",)
        notes += [f"{told['framework']} {kind}: {line}" for kind in kinds for line in told[kind]]
    print("\n".join(["", *notes]) if notes else "")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
