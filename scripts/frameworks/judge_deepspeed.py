"""deepspeedai/DeepSpeed: DeepSpeedConfig works the batch out, lr_schedules move the learning rate and OneCycle the
betas. Its fused optimizers need a compiler, so of them the signatures are read, and no steps are taken."""

from __future__ import annotations

import inspect
import logging
import os
import warnings
from pathlib import Path
from typing import Any

# Muon's iteration is compiled otherwise, which takes minutes.
os.environ["TORCHDYNAMO_DISABLE"] = "1"

import torchvision_alone  # noqa: F401
import deepspeed
import hjson
import torch
from deepspeed.ops.adam import FusedAdam
from deepspeed.ops.lamb import FusedLamb
from deepspeed.ops.lion import FusedLion
from deepspeed.runtime import config as configs
from deepspeed.runtime import lr_schedules
from deepspeed.runtime.fp16.onebit.lamb import OnebitLamb
from deepspeed.runtime.zero.muon.original_muon import SingleDeviceMuonWithAuxAdam

from judging import Case, Judge, Run, fixtures, run_cases
from torch_runs import group_of, walker

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

STEPS = 24_000
#: engine.py _configure_basic_optimizer
CLASSES = {"adam": FusedAdam, "adamw": FusedAdam, "lamb": FusedLamb, "lion": FusedLion, "onebitlamb": OnebitLamb}
KEYS = ("train_batch_size", "train_micro_batch_size_per_gpu", "gradient_accumulation_steps")


class Devices:
    """The model-parallel unit, which knows how many replicas there are."""

    def __init__(self, world: int) -> None:
        self.world = world

    def get_data_parallel_world_size(self) -> int:
        return self.world


def muon(params: dict[str, Any]) -> torch.optim.Optimizer:
    """As engine.py _configure_basic_optimizer makes its groups: matrices for Muon, the rest for Adam."""
    layer = torch.nn.Linear(4, 4).double()
    common = {k: v for k, v in params.items() if k in ("weight_decay",)}
    of_muon = {"lr": params.get("muon_lr", params.get("lr")), "momentum": params.get("momentum")}
    of_adam = {"lr": params.get("adam_lr", params.get("lr")), "betas": params.get("betas")}
    made = [
        {"params": [layer.weight], "use_muon": True, **common, **{k: v for k, v in of_muon.items() if v}},
        {"params": [layer.bias], "use_muon": False, **common, **{k: v for k, v in of_adam.items() if v}},
    ]
    return SingleDeviceMuonWithAuxAdam(made)


def made_by(name: str, params: dict[str, Any]) -> torch.optim.Optimizer:
    """Muon, or by its name in torch.optim."""
    if name.lower() == "muon":
        return muon(params)
    return getattr(torch.optim, name)([torch.nn.Parameter(torch.ones(2, dtype=torch.float64))], **params)


def stand_in(fused: type, params: dict[str, Any]) -> torch.optim.Optimizer:
    """An optimizer whose group holds what the class would take."""
    taken = inspect.signature(fused).parameters
    given = {k: p.default for k, p in taken.items() if k in ("lr", "betas", "eps", "weight_decay")} | params
    group = {k: given[k] for k in ("lr", "betas", "weight_decay") if k in given}
    return torch.optim.Adam([torch.nn.Parameter(torch.ones(2))], **group)


def load(path: Path, world: int, _: int | None) -> Run:
    # Without a process group it would take one device, whatever the model-parallel unit says.
    configs.dist.get_rank = lambda: 0
    config = configs.DeepSpeedConfig(str(path), mpu=Devices(world))
    named, params = config.optimizer_name, config.optimizer_params or {}
    fused = CLASSES.get(named.lower())
    optimizer = stand_in(fused, params) if fused else made_by(named, params)
    kind = fused.__name__ if fused else type(optimizer).__name__
    groups = [group_of(kind, g) for g in optimizer.param_groups]
    walked: list[tuple] = []
    scheduler, counts = None, {}
    if config.scheduler_name:
        given = config.scheduler_params or {}
        scheduler = getattr(lr_schedules, config.scheduler_name)(optimizer, **given)
        defaults = {k: p.default for k, p in inspect.signature(type(scheduler)).parameters.items()} | given
        names = ("warmup_num_steps", "total_num_steps", "cycle_first_step_size", "cycle_second_step_size")
        counts = {k: defaults[k] for k in (*names, "decay_step_size") if defaults.get(k)}
    for key in ("freeze_step", "var_freeze_step"):
        if key in params:
            counts[key] = params[key]

    def at(step: int) -> tuple:
        while len(walked) <= (step if scheduler else 0):
            moved = [{k: g[k] for k in ("momentum", "betas") if k in g} for g in optimizer.param_groups]
            walked.append(([g["lr"] for g in optimizer.param_groups], moved))
            if scheduler:
                scheduler.step()  # engine.py _take_model_step: after the optimizer's
        return walked[step if scheduler else 0]

    # WarmupLR and its kind count from the second step, so that the first two have the same rate.
    late = int(bool(config.scheduler_name and config.scheduler_name.startswith("Warmup")))
    averages = {"coefficients": (params["coeff_beta"], config.train_batch_size)} if "coeff_beta" in params else {}
    return Run(
        batch=config.train_batch_size,
        groups=groups,
        rates=lambda step: at(step + late)[0],
        momenta=None if kind == "FusedLion" else lambda step: at(step)[1],
        steps=STEPS * 12 // config.train_batch_size,
        counts=counts,
        averages=averages,
        same={"optimizer": kind, "clip": config.gradient_clipping},
        walk=None if fused else walker(lambda: params_of(made_by(named, params))),
    )


def params_of(optimizer: torch.optim.Optimizer) -> tuple:
    return [p for g in optimizer.param_groups for p in g["params"]], optimizer


def unconverted(original: Path, converted: Path, target: Path) -> None:
    old, new = (hjson.loads(p.read_text()) for p in (original, converted))
    target.write_text(hjson.dumpsJSON({**old, **{k: new[k] for k in KEYS if k in new}}))


WORLDS = {"derives-accumulation": 4, "muon": 8, "onebit-lamb": 128, "three-numbers": 8}


def main() -> None:
    # A checkout knows its version by a file beside it alone.
    beside = Path(deepspeed.__file__).parents[1] / "version.txt"
    version = beside.read_text().strip() if beside.exists() else deepspeed.__version__
    judge = Judge("DeepSpeed", version, load, unconverted)
    cases = [Case(p.parent.name, p, world=WORLDS.get(p.parent.name, 1)) for p in fixtures("deepspeed")]
    run_cases(judge, cases).report(judge)


if __name__ == "__main__":
    main()
