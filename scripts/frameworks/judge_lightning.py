"""Lightning-AI/pytorch-lightning: LightningCLI reads the config and makes trainer, optimizer and scheduler. Beside the
fixtures every optimizer of torch.optim is tried, by its defaults and with momentum and weight decay."""

from __future__ import annotations

import inspect
import logging
import sys
import tempfile
import types
import warnings
from pathlib import Path
from typing import Any, Iterator

import torchvision_alone  # noqa: F401
import lightning
import torch
import yaml
from lightning.pytorch import LightningDataModule, LightningModule
from lightning.pytorch.cli import LightningCLI

from judging import BEYOND, DOWN, Case, Judge, Run, fixtures, run_cases
from torch_runs import groups_of, walker

warnings.filterwarnings("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

SAMPLES = 2**16 * 3**3 * 5


# ---- what the fixtures call example.* --------------------------------------------------------------------------------


class Data(LightningDataModule):
    def __init__(self, batch_size: int = 1, num_workers: int = 0) -> None:
        super().__init__()
        self.batch_size = batch_size


class Model(LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(4, 4, bias=False)


class Segmenter(Model):
    """An optimizer of its own, and a normalisation."""

    def __init__(self, bn_momentum: float, optimizer: str, lr: float, betas: tuple[float, float]) -> None:
        super().__init__()
        self.norm = torch.nn.BatchNorm1d(4, momentum=bn_momentum)
        self.make = lambda parameters: getattr(torch.optim, optimizer)(parameters, lr=lr, betas=betas)

    def configure_optimizers(self) -> Any:
        return self.make(self.layer.parameters())


class Lm(Model):
    """Linear warm-up, by optimizer steps."""

    def __init__(self, learning_rate: float, beta1: float, beta2: float, warmup_steps: int) -> None:
        super().__init__()
        self.given = (learning_rate, beta1, beta2, warmup_steps)

    def configure_optimizers(self) -> Any:
        rate, beta1, beta2, steps = self.given
        optimizer = torch.optim.AdamW(self.layer.parameters(), lr=rate, betas=(beta1, beta2))
        warm = torch.optim.lr_scheduler.LinearLR(optimizer, 1e-3, total_iters=steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": warm, "interval": "step"}}


def example_modules() -> None:
    names = {name: Data for name in ("ImageData", "Segments", "Text", "Latents", "ImageNet")}
    names |= {"Segmenter": Segmenter, "Lm": Lm}
    names |= {name: Model for name in ("Classifier", "Diffusion", "ResNet")}
    for package in ("example", "harbour"):
        made = types.ModuleType(package)
        for name, base in names.items():
            kind = type(name, (base,), {"__module__": package, "__init__": base.__init__})
            setattr(made, name, kind)
        sys.modules[package] = made


# ---- the judge -------------------------------------------------------------------------------------------------------


def devices_of(path: Path) -> int:
    """All devices of all nodes, by their number or by their index."""
    trainer = yaml.safe_load(path.read_text())["trainer"]
    devices = trainer.get("devices", 1)
    return (len(devices) if isinstance(devices, list) else devices) * trainer.get("num_nodes", 1)


class Cli(LightningCLI):
    """A program whose data has a class unless the config names another."""

    def add_arguments_to_parser(self, parser: Any) -> None:
        parser.set_defaults({"data": {"class_path": "example.ImageData"}})


def read(path: Path) -> LightningCLI:
    """The CLI on the CPU, which has as many devices as are asked for, by their number and not by their index."""
    nodes = yaml.safe_load(path.read_text())["trainer"].get("num_nodes", 1)
    here = devices_of(path) // nodes
    arguments = [f"--config={path}", "--trainer.accelerator=cpu", f"--trainer.devices={here}"]
    sys.argv = ["cli"]
    return Cli(
        LightningModule,
        LightningDataModule,
        subclass_mode_model=True,
        subclass_mode_data=True,
        parser_kwargs={"exit_on_error": False},
        seed_everything_default=False,
        save_config_callback=None,
        trainer_defaults={"logger": False},
        run=False,
        args=arguments,
    )


def optimizer_and_schedule(cli: LightningCLI) -> tuple[Any, Any, str]:
    """As trainer.strategy.setup_optimizers takes it apart: the CLI's own scheduler moves once per epoch."""
    from lightning.pytorch.core.optimizer import _init_optimizers_and_lr_schedulers

    cli.model.trainer = cli.trainer
    cli.trainer.strategy._lightning_module = cli.model
    optimizers, schedulers = _init_optimizers_and_lr_schedulers(cli.model)
    return optimizers[0], *((schedulers[0].scheduler, schedulers[0].interval) if schedulers else (None, "step"))


def path_of(optimizer: Any, scheduler: Any, per_tick: int) -> Any:
    """(learning rate, momentum) of every group at an optimizer step."""
    walked: list[tuple] = []

    def at(step: int) -> tuple:
        tick = step // per_tick if scheduler else 0
        while len(walked) <= tick:
            groups = optimizer.param_groups
            decays = [{k: v for k, v in g.items() if k in ("momentum", "betas")} for g in groups]
            walked.append(([g["lr"] for g in groups], decays))
            if scheduler:
                optimizer.step()
                scheduler.step()
        return walked[tick]

    return at


def load(path: Path, _: int, __: int | None) -> Run:
    cli = read(path)
    optimizer, scheduler, interval = optimizer_and_schedule(cli)
    trainer, micro = cli.trainer, cli.datamodule.batch_size
    batch = micro * trainer.world_size * trainer.accumulate_grad_batches
    updates = SAMPLES // batch
    steps = trainer.max_steps if trainer.max_steps > 0 else (trainer.max_epochs or 1) * updates
    at = path_of(optimizer, scheduler, updates if interval == "epoch" else 1)
    counts: dict[str, float] = {"max_steps": trainer.max_steps} if trainer.max_steps > 0 else {}
    if isinstance(trainer.limit_train_batches, int):
        counts["limit_train_batches"] = trainer.limit_train_batches / trainer.accumulate_grad_batches
    averages = averages_of(cli, batch, counts)
    norms = [m for m in cli.model.modules() if isinstance(m, torch.nn.BatchNorm1d)]
    for norm in norms:
        seen = micro * trainer.world_size if cli.config.trainer.sync_batchnorm else micro
        averages["statistics"] = (1 - norm.momentum, seen)

    def build():
        fresh = read(path)
        return fresh.model.parameters(), optimizer_and_schedule(fresh)[0]

    return Run(
        batch=batch,
        groups=groups_of(optimizer),
        rates=lambda step: at(step)[0],
        momenta=lambda step: at(step)[1],
        steps=steps,
        counts=counts,
        averages=averages,
        same={"optimizer": type(optimizer).__name__, "clip": trainer.gradient_clip_val},
        walk=None if norms else walker(build),
    )


def averages_of(cli: LightningCLI, batch: int, counts: dict[str, float]) -> dict[str, tuple[float, float]]:
    averages = {}
    for callback in cli.config.trainer.callbacks or []:
        given = callback.init_args
        if callback.class_path.endswith("EMAWeightAveraging"):
            averages["weights"] = (given.decay, batch * given.update_every_n_steps)
            if given.update_starting_at_step:
                counts["average from"] = given.update_starting_at_step
    return averages


def unconverted(original: Path, converted: Path, target: Path) -> None:
    old, new = (yaml.safe_load(p.read_text()) for p in (original, converted))
    for key in ("devices", "accumulate_grad_batches"):
        if key in new["trainer"]:
            old["trainer"][key] = new["trainer"][key]
    old["data"]["init_args"]["batch_size"] = new["data"]["init_args"]["batch_size"]
    target.write_text(yaml.safe_dump(old))


def on_devices(original: Path, devices: int, target: Path) -> None:
    config = yaml.safe_load(original.read_text())
    config["trainer"] |= {"devices": devices, "num_nodes": 1}
    target.write_text(yaml.safe_dump(config))


def torch_optimizers() -> Iterator[tuple[str, str, dict]]:
    for name in sorted(n for n in dir(torch.optim) if n[0].isupper() and n not in ("Optimizer", "SparseAdam", "LBFGS")):
        takes = inspect.signature(getattr(torch.optim, name)).parameters
        yield f"{name} by default", name, {}
        yield f"{name} with a rate", name, {"lr": 1e-3}
        more = {"momentum": 0.9, "weight_decay": 0.01}
        if given := {k: v for k, v in more.items() if k in takes}:
            yield f"{name} with {', '.join(given)}", name, {"lr": 1e-3, **given}
        if name == "SGD":
            yield "SGD dampened", name, {"lr": 0.1, "momentum": 0.9, "dampening": 0.5}
            yield "SGD nesterov", name, {"lr": 0.1, "momentum": 0.9, "nesterov": True}
        if "decoupled_weight_decay" in takes:
            yield f"{name} decoupled", name, {"lr": 1e-3, "weight_decay": 0.01, "decoupled_weight_decay": True}
        if "amsgrad" in takes:
            yield f"{name} amsgrad", name, {"lr": 1e-3, "amsgrad": True}


def main() -> None:
    example_modules()
    judge = Judge("Lightning CLI", lightning.__version__, load, unconverted, on_devices)
    cases = [Case(p.parent.name, p, world=devices_of(p)) for p in fixtures("lightning-cli")]
    with tempfile.TemporaryDirectory() as folder:
        for i, (name, kind, given) in enumerate(torch_optimizers()):
            path = Path(folder) / f"{i}.yaml"
            config = {
                "trainer": {"devices": 2, "max_steps": 1200},
                "model": {"class_path": "example.Classifier"},
                "data": {"class_path": "example.ImageData", "init_args": {"batch_size": 48}},
                "optimizer": {"class_path": f"torch.optim.{kind}", "init_args": given},
            }
            path.write_text(yaml.safe_dump(config))
            cases.append(Case(name, path, world=2, scenarios=(DOWN, BEYOND), of_many=True))
        run_cases(judge, cases).report(judge)


if __name__ == "__main__":
    main()
