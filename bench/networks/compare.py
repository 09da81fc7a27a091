"""How far a converted run is from the old one on the same samples, and how far two old runs are from each other."""

import itertools
import json
import tempfile
from pathlib import Path

import numpy as np

from rebatch import followed
from tasks import task_of

FARTHEST = 5.0
"""What a point counts at most, and a run that diverged."""


def distance(a, b):
    """Mean |log(a/b)| over the points where losses were taken."""
    with np.errstate(all="ignore"):
        x = np.abs(np.log(a / b))
    return float(np.minimum(np.where(np.isfinite(x), x, FARTHEST), FARTHEST).mean())


def floor_of(old_runs):
    """Mean distance of two old runs of different seeds: other weights, other samples."""
    return float(np.mean([distance(a, b) for a, b in itertools.combinations(old_runs, 2)]))


def figures(both):
    """Distance with its standard error, and the difference of the last losses in nats, of pairs (old, new) by seed."""
    each = np.array([distance(old, new) for old, new in both])
    gap = np.mean([new[-1] - old[-1] for old, new in both])
    return {
        "distance": round(float(each.mean()), 4),
        "error": round(float(each.std(ddof=1) / len(each) ** 0.5), 4) if len(each) > 1 else None,
        "gap": round(float(gap), 4) if np.isfinite(gap) else None,
        "seeds": len(each),
    }


def verdict(pair, lrs, old, new):
    """What `rebatch follow` says of the logs of two runs. lrs: the old learning rate and the new one."""
    if not np.isfinite(new).all():
        return "diverged"
    with tempfile.TemporaryDirectory() as folder:
        logs = [
            loss_log(Path(folder) / f"{batch}.jsonl", pair.task, batch, lr, losses)
            for batch, lr, losses in zip((pair.old, pair.new), lrs, (old, new), strict=True)
        ]
        found = followed(*logs, pair.old, pair.new)
    assert found["exit"] == (0 if found["verdict"] == "follows" else 1), found
    return found["verdict"]


def loss_log(file, task, batch, lr, losses):
    """The log as a trainer writes it."""
    between = task_of(task).samples // batch // len(losses)
    rows = ({"step": (i + 1) * between, "eval_loss": float(x), "learning_rate": lr} for i, x in enumerate(losses))
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file
