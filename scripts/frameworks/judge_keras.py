"""keras-team/keras: optimizers.deserialize of what optimizers.serialize wrote, with its schedules. Beside the fixtures
every optimizer that Keras has is tried with its defaults, written out and left out, and every schedule."""

from __future__ import annotations

import copy
import json
import os
import tempfile
from functools import cache, partial
from pathlib import Path
from typing import Any, Iterator

# The optimizers alone are run, and their arithmetic is quickest there.
os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np

from judging import BEYOND, BETWEEN, DOWN, UP, Case, Group, Judge, Run, fixtures, run_cases

#: Keras computes the weight decay in float32, which is too coarse for a slow walk.
FAST = 10

#: Samples of the run, which no file of Keras says.
SAMPLES = 2**9 * 3**3 * 1000
SCENARIOS = (DOWN, UP, BETWEEN, BEYOND)
DECAYS = {
    "beta_1": "beta1",
    "beta_2": "beta2",
    "momentum": "momentum",
    "rho": "rho",
    "adam_beta_1": "adam beta1",
    "adam_beta_2": "adam beta2",
}
#: keras/src/optimizers/sgd.py and rmsprop.py: what is added up holds the learning rate.
SUMS = ("SGD", "RMSprop")
READS = {"SGD": ("momentum",), "RMSprop": ("momentum", "rho")}


def block_of(config: dict) -> dict:
    return config.get("optimizer", config)


def optimizer_of(path: Path) -> Any:
    return keras.optimizers.deserialize(copy.deepcopy(block_of(json.loads(path.read_text()))))


def inner(optimizer: Any) -> Any:
    return getattr(optimizer, "inner_optimizer", optimizer)


def group_of(optimizer: Any) -> Group:
    kind, config = type(optimizer).__name__, optimizer.get_config()
    read = READS.get(kind, DECAYS)
    decays = {DECAYS[k]: float(config[k]) for k in DECAYS if k in read and config.get(k)}
    if kind == "ScheduleFreeAdamW":
        decays.pop("beta1", None)  # mixes iterates, and is no average of gradients
    peak = optimizer._learning_rate
    if isinstance(peak, keras.optimizers.schedules.LearningRateSchedule):
        peak = getattr(peak, "warmup_target", None) or getattr(peak, "initial_learning_rate", None) or peak.values[0]
    return Group(
        lr=float(peak), decays=decays, sums=kind in SUMS, forever=kind == "Adagrad", lion=kind == "Lion"
    )


def counts_of(schedule: Any) -> dict[str, float]:
    names = ("decay_steps", "warmup_steps", "first_decay_steps")
    counts = {n: float(getattr(schedule, n)) for n in names if getattr(schedule, n, None)}
    if hasattr(schedule, "_first_decay_steps"):
        counts["first_decay_steps"] = float(schedule._first_decay_steps)
    return counts | {f"boundary {i}": float(b) for i, b in enumerate(getattr(schedule, "boundaries", ()))}


def load(path: Path, _: int, batch: int | None) -> Run:
    optimizer = inner(optimizer_of(path))
    passes = optimizer.gradient_accumulation_steps or 1
    rate = optimizer._learning_rate
    scheduled = isinstance(rate, keras.optimizers.schedules.LearningRateSchedule)
    config = optimizer.get_config()
    counts = counts_of(rate) if scheduled else {}
    averages = {}
    if config["use_ema"]:
        # base_optimizer.py apply: at every call, also between the steps of an accumulation.
        averages["weights"] = (config["ema_momentum"], batch // passes)
        counts |= {"overwriting": config["ema_overwrite_frequency"]} if config["ema_overwrite_frequency"] else {}
    return Run(
        batch=batch,
        groups=[group_of(optimizer)],
        rates=lambda step: [float(rate(step * passes) if scheduled else rate)],
        steps=SAMPLES // batch,
        counts=counts,
        averages=averages,
        same={
            "optimizer": type(optimizer).__name__,
            "accumulation": passes,
            "clips": [config[k] for k in ("clipnorm", "global_clipnorm", "clipvalue")],
        },
        walk=partial(walk, path.read_text()),
    )


@cache
def walk(text: str, stops: tuple[int, ...], gradient: float) -> list[float]:
    """A fresh optimizer at a multiple of its peak learning rate, without the clipping, which hides a steady gradient."""
    config = block_of(json.loads(text))
    config = config["config"]["inner_optimizer"] if config["class_name"] == "LossScaleOptimizer" else config
    lr = group_of(keras.optimizers.deserialize(copy.deepcopy(config))).lr
    plain = {"use_ema": False, "clipnorm": None, "global_clipnorm": None, "clipvalue": None}
    config = {**config, "config": {**config["config"], **plain, "learning_rate": FAST * lr}}
    optimizer = keras.optimizers.deserialize(config)
    passes = optimizer.gradient_accumulation_steps or 1
    weight = keras.Variable(np.full((2, 2), 1.0), dtype="float64")
    optimizer.build([weight])
    given, places = keras.ops.full((2, 2), gradient, dtype="float64"), []
    for step in range(1, stops[-1] + 1):
        for _ in range(passes):
            optimizer.apply([given], [weight])
        if step in stops:
            places.append(float(keras.ops.convert_to_numpy(weight)[0, 0]))
    return places


def unconverted(original: Path, _: Path, target: Path) -> None:
    target.write_text(original.read_text())  # its batch is not in it


def optimizers() -> Iterator[tuple[str, dict]]:
    """Every optimizer as Keras writes it, and with nothing but a learning rate."""
    for name in sorted(n for n in dir(keras.optimizers) if n[0].isupper()):
        kind = getattr(keras.optimizers, name)
        if name in ("Optimizer", "LossScaleOptimizer", "MultiOptimizer", "OptimizerMap"):
            continue
        written = keras.optimizers.serialize(kind(learning_rate=1e-3))
        yield f"{name} as written", written
        yield f"{name} by default", {**written, "config": {"learning_rate": 1e-3}}
        if written["config"]["weight_decay"] is None:
            yield f"{name} with weight decay", {**written, "config": {**written["config"], "weight_decay": 0.01}}
        if "momentum" in written["config"]:
            yield f"{name} with momentum", {**written, "config": {**written["config"], "momentum": 0.9}}


def schedules() -> Iterator[tuple[str, dict]]:
    s = keras.optimizers.schedules
    made = {
        "CosineDecay": s.CosineDecay(0.1, 2400 * 24),
        "CosineDecay with warm-up": s.CosineDecay(0.0, 2400 * 24, warmup_target=0.1, warmup_steps=240, alpha=0.1),
        "CosineDecayRestarts": s.CosineDecayRestarts(0.1, 2400),
        "ExponentialDecay": s.ExponentialDecay(0.1, 2400, 0.9),
        "ExponentialDecay in steps": s.ExponentialDecay(0.1, 2400, 0.9, staircase=True),
        "InverseTimeDecay": s.InverseTimeDecay(0.1, 2400, 0.5),
        "PolynomialDecay": s.PolynomialDecay(0.1, 24000, power=2.0),
        "PiecewiseConstantDecay": s.PiecewiseConstantDecay([2400, 4800], [0.1, 0.05, 0.01]),
    }
    for name, schedule in made.items():
        yield name, keras.optimizers.serialize(keras.optimizers.SGD(schedule, momentum=0.9))


def main() -> None:
    judge = Judge("Keras", keras.__version__, load, unconverted)
    cases = [Case(p.parent.name, p, batch=768, scenarios=SCENARIOS) for p in fixtures("keras")]
    with tempfile.TemporaryDirectory() as folder:
        for i, (name, config) in enumerate([*optimizers(), *schedules()]):
            path = Path(folder) / f"{i}.json"
            path.write_text(json.dumps(config, default=float))
            cases.append(Case(name, path, batch=768, scenarios=(DOWN, BEYOND), of_many=True))
        run_cases(judge, cases).report(judge)


if __name__ == "__main__":
    main()
