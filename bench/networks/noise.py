"""The gradient noise scale of each old AdamW run, as `rebatch noise` gets it from the log of one run."""

import json

import numpy as np

from plan import old_of
from rebatch import noise_scale
from runs import WORK
from training import train

PARTS = 8
"""Micro-batches in a batch. A batch of one sample cannot be split: there a larger one is drawn beside it."""


def noise_scale_of(pair):
    """What `rebatch noise --json` says of the log of seed 0 at the old batch."""
    log = WORK / f"noise-{pair.task}-{pair.old}-{pair.schedule}.jsonl"
    if not log.exists():
        write(log, pair)
    return noise_scale(log)


def write(log, pair):
    big = pair.old if pair.old >= PARTS else pair.old * PARTS
    small = big // PARTS
    _, squares = train(pair.task, "adamw", old_of(pair, "adamw"), pair.old, pair.schedule, 0, (small, big))
    sizes = {"batch_micro": small, "batch_step": big}
    rows = (
        {"step": i + 1, "grad_norm_micro": float(micro), "grad_norm_step": float(step), **sizes}
        for i, (micro, step) in enumerate(np.sqrt(squares))
    )
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
