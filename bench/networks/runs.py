"""Runs that are done, one line for each, found again by what they ran: whatever gives the same settings is one run."""

import json
import os
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from training import set_up, train

WORK = Path(os.environ.get("NETWORKS_WORK", Path(tempfile.gettempdir()) / "rebatch-networks"))
FILE = WORK / "runs.jsonl"
THREADS = 2
WRITING = threading.Lock()


class Run(NamedTuple):
    task: str
    optimizer: str
    batch: int
    schedule: str
    seed: int
    settings: str  # JSON, to the digits of float32, in which they are used


def run_of(task, optimizer, batch, schedule, seed, settings):
    return Run(task, optimizer, batch, schedule, seed, json.dumps(rounded(settings), sort_keys=True))


def rounded(settings):
    return {k: rounded(v) if isinstance(v, dict) else float(f"{v:.7g}") for k, v in settings.items()}


def load():
    """Losses by run."""
    if not FILE.exists():
        return {}
    lines = (json.loads(line) for line in FILE.read_text().splitlines())
    return {Run(*line["run"]): np.array(line["losses"]) for line in lines}


def ensure(runs):
    """Trains what is not done yet, and returns the losses of all runs done."""
    WORK.mkdir(parents=True, exist_ok=True)
    set_up(str(WORK))
    done = load()
    # Seed by seed, so that an interrupted bench has something of everything.
    todo = sorted(set(runs) - done.keys(), key=lambda run: run.seed)
    with ThreadPoolExecutor(THREADS) as pool:
        for i, (run, losses) in enumerate(zip(todo, pool.map(trained, todo), strict=True)):
            done[run] = losses
            print(f"{len(todo) - i - 1:4d} left: {' '.join(map(str, run[:5]))}", file=sys.stderr, flush=True)
    return done


def trained(run):
    losses, _ = train(run.task, run.optimizer, json.loads(run.settings), run.batch, run.schedule, run.seed)
    with WRITING, FILE.open("a") as f:
        f.write(json.dumps({"run": run, "losses": [round(float(x), 6) for x in losses]}) + "\n")
    return losses
