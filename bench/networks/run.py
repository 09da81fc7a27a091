"""Trains what is not trained yet and writes results.json.

A stage is an optimizer; all of them by default. Interrupted, it goes on where it was.
"""

import argparse
import json
from pathlib import Path
from typing import NamedTuple

from compare import figures, floor_of, verdict
from noise import noise_scale_of
from plan import COLUMNS, NOISE_AWARE, Pair, arguments_of, new_of, old_of, pairs_of
from runs import ensure, load, run_of

RESULTS = Path(__file__).parent / "results.json"


class Comparison(NamedTuple):
    """One column of a pair: its settings, and the runs of each seed."""

    pair: Pair
    name: str
    arguments: tuple[str, ...] | None
    noise: dict | None
    old: dict
    new: dict
    old_runs: list
    new_runs: list


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=f"of {', '.join(COLUMNS)}; all by default")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--no-train", action="store_true", help="only write results.json, from the runs there are")
    flags = parser.parse_args()
    stages = flags.stages or list(COLUMNS)
    if unknown := set(stages) - COLUMNS.keys():
        parser.error(f"no stage {', '.join(unknown)}")
    for optimizer in stages:
        compared = [c for pair in pairs_of(optimizer) for c in comparisons(pair, optimizer, flags.seeds)]
        runs = [run for c in compared for run in (*c.old_runs, *c.new_runs)]
        write(optimizer, rows_of(optimizer, compared, load() if flags.no_train else ensure(runs)))


def comparisons(pair, optimizer, seeds):
    old = old_of(pair, optimizer)
    for name, column in COLUMNS[optimizer].items():
        noise = noise_scale_of(pair) if column.arguments == NOISE_AWARE else None
        scale = noise and noise["noiseScale"]
        new = new_of(pair, optimizer, column, scale)
        yield Comparison(
            pair=pair,
            name=name,
            arguments=column.arguments and arguments_of(column, scale),
            noise=noise,
            old=old,
            new=new,
            old_runs=[run_of(pair.task, optimizer, pair.old, pair.schedule, s, old) for s in range(seeds)],
            new_runs=[
                run_of(pair.task, optimizer, pair.new, pair.schedule, s, new) for s in range(min(seeds, column.seeds))
            ],
        )


def rows_of(optimizer, compared, done):
    """A row for each pair, with what is trained of its columns."""
    rows = {}
    for c in compared:
        old_runs = [done[run] for run in c.old_runs if run in done]
        both = [
            (done[old], done[new])
            for old, new in zip(c.old_runs, c.new_runs, strict=False)
            if old in done and new in done
        ]
        if not both or len(old_runs) < 2:
            continue
        row = rows.setdefault(c.pair, head(optimizer, c, old_runs))
        row["columns"][c.name] = {
            **figures(both),
            "follow": [verdict(c.pair, (c.old["lr"], c.new["lr"]), *losses) for losses in both],
            **({"arguments": c.arguments} if c.arguments else {}),
            **({"noise": interval_of(c.noise)} if c.noise else {}),
            "new": c.new,
        }
    return list(rows.values())


def head(optimizer, c, old_runs):
    return {
        "optimizer": optimizer,
        "task": c.pair.task,
        "schedule": c.pair.schedule,
        "batch": [c.pair.old, c.pair.new],
        "floor": round(floor_of(old_runs), 4),
        "seeds": len(old_runs),
        "old": c.old,
        "columns": {},
    }


def interval_of(noise):
    return {"scale": round(noise["noiseScale"], 1), "interval": [round(x, 1) for x in noise["interval"]]}


def write(optimizer, rows):
    """Replaces the rows of an optimizer, one line for each column, so that a difference can be read."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    results = [row for row in results if row["optimizer"] != optimizer] + rows
    order = list(COLUMNS)
    results.sort(key=lambda row: order.index(row["optimizer"]))
    RESULTS.write_text("[\n" + ",\n".join(map(text_of, results)) + "\n]\n")


def text_of(row):
    columns = ",\n".join(f"      {json.dumps(k)}: {json.dumps(v)}" for k, v in row["columns"].items())
    head = json.dumps({k: v for k, v in row.items() if k != "columns"})[:-1]
    return f'  {head},\n    "columns": {{\n{columns}\n    }}\n  }}'


if __name__ == "__main__":
    main()
