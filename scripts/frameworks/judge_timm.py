"""huggingface/pytorch-image-models: the parser and the learning rate of its train.py, its factories of optimizers and
schedulers. Beside the configs every optimizer that timm lists is tried."""

from __future__ import annotations

import ast
import importlib.util
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torchvision_alone  # noqa: F401
import timm
import torch
import yaml
from timm.optim import create_optimizer_v2, list_optimizers, optimizer_kwargs
from timm.scheduler import create_scheduler_v2, scheduler_kwargs

from judging import BEYOND, DOWN, Case, Judge, Run, fixtures, run_cases, source
from torch_runs import groups_of, walker

SAMPLES = 2**16 * 3**3 * 5
BATCH_KEYS = ("batch_size", "grad_accum_steps")

TRAIN = source("huggingface/pytorch-image-models") / "train.py"


def train_module() -> Any:
    """Fresh, since a config becomes the defaults of its parser."""
    spec = importlib.util.spec_from_file_location("timm_train", TRAIN)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def scaling() -> Any:
    """`if not args.lr:` of main(), compiled by itself."""
    tree = ast.parse(TRAIN.read_text())
    main = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "main")
    found = [n for n in main.body if isinstance(n, ast.If) and ast.unparse(n.test) == "not args.lr"]
    return compile(ast.Module([found[0]], []), str(TRAIN), "exec")


SCALING = scaling()


def module() -> torch.nn.Module:
    return torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.LayerNorm(4))


def arguments(path: Path, world: int) -> Any:
    sys.argv = ["train.py", "--config", str(path)]
    args, _ = train_module()._parse_args()
    args.world_size = world
    exec(
        SCALING,
        {
            "args": args,
            "batch_size_reference": args.batch_size,
            "utils": SimpleNamespace(is_primary=lambda _: False),
        },
    )
    return args


def optimizer_of(args: Any, of: torch.nn.Module) -> torch.optim.Optimizer:
    return create_optimizer_v2(of, **optimizer_kwargs(cfg=args), **args.opt_kwargs)


def load(path: Path, world: int, _: int | None) -> Run:
    args = arguments(path, world)
    batch = args.batch_size * world * args.grad_accum_steps
    optimizer = optimizer_of(args, module())
    updates = SAMPLES // batch
    scheduler, epochs = create_scheduler_v2(optimizer, **scheduler_kwargs(args), updates_per_epoch=updates)
    filled = [g for g in optimizer.param_groups if g["params"]]

    def rates(step: int) -> list[float]:
        if args.sched_on_updates:
            scheduler.step_update(step)
        else:
            scheduler.step(step // updates)
        return [g["lr"] for g in filled]

    def build():
        made = module().double()
        return made.parameters(), optimizer_of(args, made)

    averages = {"weights": (args.model_ema_decay, batch)} if args.model_ema else {}
    if args.bn_momentum is not None:
        averages["statistics"] = (1 - args.bn_momentum, args.batch_size)
    return Run(
        batch=batch,
        groups=groups_of(optimizer),
        rates=rates,
        steps=epochs * updates,
        averages=averages,
        same={"epochs": epochs, "optimizer": type(optimizer).__name__, "weight decays": decays_left(filled)},
        walk=walker(build),
    )


def decays_left(groups: list[dict]) -> list[bool]:
    """Whether a group decays at all."""
    return [bool(g.get("weight_decay")) for g in groups]


def unconverted(original: Path, converted: Path, target: Path) -> None:
    old, new = (yaml.safe_load(p.read_text()) for p in (original, converted))
    target.write_text(yaml.safe_dump({**old, **{k: new[k] for k in BATCH_KEYS if k in new}}))


def every_optimizer(folder: Path) -> list[Case]:
    cases = []
    for name in list_optimizers():
        path = folder / f"{name}.yaml"
        config = {"model": "vit_small", "batch_size": 96, "opt": name, "lr": 1e-3, "sched": "cosine", "epochs": 10}
        path.write_text(yaml.safe_dump({**config, "drop_path": 0.1, "weight_decay": 0.05, "warmup_epochs": 2}))
        cases.append(Case(f"opt {name}", path, world=4, scenarios=(DOWN, BEYOND), of_many=True))
    return cases


def main() -> None:
    judge = Judge("timm", timm.__version__, load, unconverted)
    cases = [Case(p.parent.name, p, world=8) for p in fixtures("timm")]
    with tempfile.TemporaryDirectory() as folder:
        run_cases(judge, [*cases, *every_optimizer(Path(folder))]).report(judge)


if __name__ == "__main__":
    main()
