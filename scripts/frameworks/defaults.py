"""Every default that rebatch assumes beside the framework's own: src/optimizers/libraries.ts and the `default`s of the
schemas against signatures, dataclass fields and argument parsers of what is installed."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
import inspect
import json
import os
import subprocess
from typing import Any, Callable, Iterator

os.environ["KERAS_BACKEND"] = "numpy"

import torchvision_alone  # noqa: F401
import torch

from judging import ROOT, Judge, Tally

#: Of an optimizer's defaults, what the constructors call them.
LIBRARY_FIELDS = {
    "lr": ("lr", "learning_rate"),
    "gradient": ("momentum", "betas.0", "beta_1"),
    "secondMoment": ("betas.1", "beta_2", "alpha", "rho"),
    "third": ("betas.2",),
    "weightDecay": ("weight_decay",),
    "epsilon": ("eps", "epsilon"),
    "dampening": ("dampening",),
    "nesterov": ("nesterov",),
}


def signature(kind: Any) -> dict[str, Any]:
    given = inspect.signature(kind).parameters.items()
    values = {n: p.default for n, p in given if p.default is not inspect.Parameter.empty}
    for name, value in list(values.items()):
        if isinstance(value, (tuple, list)):
            values |= {f"{name}.{i}": v for i, v in enumerate(value)}
    return values


def number(value: Any) -> Any:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def compare(at: str, table: dict[str, Any], own: dict[str, Any], tally: Tally) -> None:
    for field, names in LIBRARY_FIELDS.items():
        found = next((n for n in names if n in own), None)
        if field not in table or found is None:
            continue
        tally.cases += 1
        theirs = own[found]
        if isinstance(theirs, torch.Tensor):
            theirs = theirs.item()
        # None is off: no weight decay.
        if number(table[field]) == number(theirs) or (theirs is None and table[field] in (0, False)):
            tally.right += 1
        else:
            tally.wrong.append(f"{at} {field}: {table[field]} here, {found} {theirs} there")


def plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def torch_classes() -> Iterator[tuple[str, dict[str, Any]]]:
    for name in dir(torch.optim):
        if name[0].isupper() and name != "Optimizer":
            yield plain(name), signature(getattr(torch.optim, name))


def keras_classes() -> Iterator[tuple[str, dict[str, Any]]]:
    keras = importlib.import_module("keras")
    for name in dir(keras.optimizers):
        if name[0].isupper():
            yield plain(name), signature(getattr(keras.optimizers, name))


def timm_classes() -> Iterator[tuple[str, dict[str, Any]]]:
    """With the factory's own: 0.9 for those that take a momentum, and what it hands to single names."""
    optim = importlib.import_module("timm.optim")
    factory = inspect.signature(optim.create_optimizer_v2).parameters
    for name in optim.list_optimizers():
        info = optim.get_optimizer_info(name)
        if isinstance(info.opt_class, str):
            continue
        own = signature(info.opt_class)
        own.pop("lr", None)  # train.py's
        own.pop("weight_decay", None)
        own |= {"momentum": factory["momentum"].default} if info.has_momentum else {}
        own |= dict(info.defaults or {})
        if not info.has_momentum:
            own.pop("momentum", None)
        if not info.has_betas:
            own = {k: v for k, v in own.items() if not k.startswith("betas")}
        yield name, own


def deepspeed_classes() -> Iterator[tuple[str, dict[str, Any]]]:
    from deepspeed.ops.adam import FusedAdam
    from deepspeed.ops.lamb import FusedLamb
    from deepspeed.ops.lion import FusedLion
    from deepspeed.runtime.fp16.onebit.adam import OnebitAdam
    from deepspeed.runtime.fp16.onebit.lamb import OnebitLamb
    from deepspeed.runtime.fp16.onebit.zoadam import ZeroOneAdam

    kinds = {"adam": FusedAdam, "adamw": FusedAdam, "lamb": FusedLamb, "lion": FusedLion, "onebitadam": OnebitAdam}
    for name, kind in (kinds | {"onebitlamb": OnebitLamb, "zerooneadam": ZeroOneAdam}).items():
        yield name, signature(kind)


def deepspeed_fields() -> dict[str, Any]:
    """Of single optimizers and schedulers; betas, momentum and learning rates are those of Muon's groups."""
    from deepspeed.runtime import lr_schedules
    from deepspeed.runtime.fp16.onebit.lamb import OnebitLamb
    from deepspeed.runtime.fp16.onebit.zoadam import ZeroOneAdam
    from deepspeed.runtime.zero.muon.original_muon import SingleDeviceMuonWithAuxAdam

    two = [torch.nn.Parameter(torch.ones(2, 2)), torch.nn.Parameter(torch.ones(2))]
    groups = [{"params": [p], "use_muon": i == 0} for i, p in enumerate(two)]
    muon, adam = SingleDeviceMuonWithAuxAdam(groups).param_groups
    schedules = torch.optim.lr_scheduler
    fields = signature(OnebitLamb) | signature(ZeroOneAdam) | signature(lr_schedules.OneCycle)
    fields |= {"warmup_num_steps": signature(lr_schedules.WarmupLR)["warmup_num_steps"]}
    fields |= {k: signature(lr_schedules.LRRangeTest)[k] for k in ("lr_range_test_min_lr", "lr_range_test_step_size")}
    fields |= {"step_size_up": signature(schedules.CyclicLR)["step_size_up"]}
    fields |= {"total_iters": signature(schedules.LinearLR)["total_iters"]}
    own = {"momentum": muon["momentum"], "muon_lr": muon["lr"], "adam_lr": adam["lr"], "betas": adam["betas"]}
    return {k: v for k, v in fields.items() if "." not in k} | own


def trl_fields(name: str) -> Callable[[], dict[str, Any]]:
    return lambda: fields_of(getattr(importlib.import_module("trl"), name))


def fields_of(kind: type) -> dict[str, Any]:
    return {
        f.name: f.default for f in dataclasses.fields(kind) if f.default is not dataclasses.MISSING
    }


def trainer_fields() -> dict[str, Any]:
    transformers = importlib.import_module("transformers")
    polynomial = signature(transformers.get_polynomial_decay_schedule_with_warmup)
    return fields_of(transformers.TrainingArguments) | {"lr_end": polynomial["lr_end"]}


def timm_arguments() -> dict[str, Any]:
    judge = importlib.import_module("judge_timm")
    optim = importlib.import_module("timm.optim")
    single = {
        "opt_betas": signature(optim.Muon)["betas"],  # which the schema assumes for Muon alone
        "alpha": optim.get_optimizer_info("rmsprop").defaults["alpha"],
        "rho": signature(torch.optim.Adadelta)["rho"],
    }
    return vars(judge.train_module().parser.parse_args([])) | single


def keras_fields() -> dict[str, Any]:
    """Of every optimizer and schedule together: no key has two defaults in the schema."""
    keras = importlib.import_module("keras")
    return {
        "ema_momentum": signature(keras.optimizers.SGD)["ema_momentum"],
        "end_learning_rate": signature(keras.optimizers.schedules.PolynomialDecay)["end_learning_rate"],
        "adam_beta_1": signature(keras.optimizers.Muon)["adam_beta_1"],
        "adam_beta_2": signature(keras.optimizers.Muon)["adam_beta_2"],
    }


def lightning_fields() -> dict[str, Any]:
    lightning = importlib.import_module("lightning.pytorch")
    schedulers = torch.optim.lr_scheduler
    cycles = signature(schedulers.CyclicLR) | signature(schedulers.OneCycleLR)
    ema = {"decay": signature(lightning.callbacks.EMAWeightAveraging)["decay"]}
    return cycles | signature(lightning.Trainer) | ema


#: From torch 2.8 on the fused kernel, which updates alike.
ALIKE = {"adamw_torch_fused": "adamw_torch"}

SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "hf-trainer": trainer_fields,
    "timm": timm_arguments,
    "keras": keras_fields,
    "lightning-cli": lightning_fields,
    "deepspeed": deepspeed_fields,
}

LIBRARIES = {"torch": torch_classes, "keras": keras_classes, "timm": timm_classes, "deepspeed": deepspeed_classes}


def defaults_in(schema: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(schema, list):
        for item in schema:
            yield from defaults_in(item)
    if not isinstance(schema, dict):
        return
    for key, value in schema.items():
        if key == "properties":
            for name, sub in value.items():
                if isinstance(sub, dict) and "default" in sub:
                    yield name, sub["default"]
        yield from defaults_in(value)


def same_default(ours: Any, theirs: Any) -> bool:
    theirs = getattr(theirs, "value", theirs)
    theirs = ALIKE.get(theirs, theirs) if isinstance(theirs, str) else theirs
    if isinstance(ours, list):
        return list(ours) == list(theirs or [])
    return number(ours) == number(theirs)


def attempt(name: str, sweep: Callable[[], Any], tally: Tally) -> None:
    """A framework that is not installed has no say."""
    try:
        sweep()
    except ImportError as why:
        tally.skipped.append(f"{name}: {why}")


def sweep_schema(name: str, tally: Tally) -> None:
    own = SCHEMAS[name]()
    for key, ours in defaults_in(json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text())):
        if ours == {}:
            continue  # an empty block, for its fields to be written into
        if key not in own:
            tally.skipped.append(f"{name} {key}: {ours}")
            continue
        tally.cases += 1
        if same_default(ours, own[key]):
            tally.right += 1
        else:
            tally.wrong.append(f"{name} {key}: {ours} here, {own[key]} there")


def sweep_trl(tally: Tally) -> None:
    """The learning rates of TRL's trainers, which its schema gives by what tells them apart."""
    for name, rate, steps in (("SFTConfig", 2e-5, None), ("GRPOConfig", 1e-6, 512), ("RLOOConfig", 1e-6, 512)):
        own = trl_fields(name)()
        tally.cases += 1
        tally.right += own["learning_rate"] == rate
        if own["learning_rate"] != rate:
            tally.wrong.append(f"trl {name} learning_rate: {rate} here, {own['learning_rate']} there")
        if steps:
            tally.cases += 1
            tally.right += own["ref_model_sync_steps"] == steps
            if own["ref_model_sync_steps"] != steps:
                tally.wrong.append(f"trl {name} ref_model_sync_steps: {steps} here")


def main() -> None:
    tally = Tally()
    made = subprocess.run(
        ["node", str(ROOT / "scripts/frameworks/tables.mjs")], capture_output=True, text=True, check=True
    )
    tables = json.loads(made.stdout)
    for library, classes in LIBRARIES.items():
        names = tables[library]["names"]
        attempt(
            library,
            lambda: [compare(f"{library} {n}", names[n], own, tally) for n, own in classes() if n in names],
            tally,
        )
    for schema in SCHEMAS:
        attempt(schema, lambda: sweep_schema(schema, tally), tally)
    sweep_trl(tally)
    Tally.report(tally, Judge("defaults", "as installed", None, None))


if __name__ == "__main__":
    main()
