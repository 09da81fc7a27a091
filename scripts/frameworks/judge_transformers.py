"""huggingface/transformers: HfArgumentParser, TrainingArguments, and the Trainer's own optimizer and scheduler."""

from __future__ import annotations

import copy
import importlib.metadata
import shlex
import subprocess
import tempfile
from pathlib import Path

import torchvision_alone  # noqa: F401  before anything that imports torchvision
import torch
import yaml
from transformers import HfArgumentParser, Trainer, TrainingArguments

from judging import Case, Judge, Run, fixtures, run_cases
from torch_runs import groups_of, rates_of, walker

#: So many that every batch size tried divides it.
SAMPLES = 2**16 * 3**3 * 5

BATCH_KEYS = ("per_device_train_batch_size", "gradient_accumulation_steps")

#: What needs a GPU, a hub or another data set, and has no part in optimizer and schedule.
ELSEWHERE = ("bf16", "fp16", "tf32", "eval_strategy", "do_eval", "push_to_hub", "report_to", "load_best_model_at_end")


class Samples(torch.utils.data.Dataset):
    def __len__(self) -> int:
        return SAMPLES

    def __getitem__(self, i: int):
        return {"x": i}


def module() -> torch.nn.Module:
    return torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.LayerNorm(4))


def run_of(args: TrainingArguments, world: int) -> Run:
    """What Trainer.train sets up, on so many devices."""
    # Trainer asks its arguments for the number of processes.
    TrainingArguments.world_size = property(lambda _: world)
    trainer = Trainer(model=module(), args=copy.deepcopy(args), train_dataset=Samples())
    loader = range(-(-SAMPLES // (trainer._train_batch_size * world)))
    values = trainer.set_initial_training_values(trainer.args, SizedLoader(loader))
    batch, steps = values[4], values[6]
    trainer.create_optimizer_and_scheduler(steps)
    counts = {"warm-up": trainer.args.get_warmup_steps(steps), "steps": steps}

    def build():
        fresh = Trainer(model=module().double(), args=copy.deepcopy(args), train_dataset=Samples())
        fresh.create_optimizer()
        return fresh.model.parameters(), fresh.optimizer

    return Run(
        batch=batch,
        groups=groups_of(trainer.optimizer),
        rates=rates_of(trainer.lr_scheduler, trainer.optimizer),
        steps=steps,
        counts=counts,
        same={"optimizer": type(trainer.optimizer).__name__, "clip": args.max_grad_norm, "eps": args.adam_epsilon},
        walk=walker(build),
    )


class SizedLoader:
    """A loader of the length that the distributed one has on one of several devices."""

    def __init__(self, batches: range) -> None:
        self.batches = batches
        self.dataset = Samples()

    def __len__(self) -> int:
        return len(self.batches)


def words_of(path: Path) -> list[str]:
    """The arguments that a launch script hands to its program: bash runs it, with a launcher that prints them."""
    text = path.read_text()
    if path.suffix in (".yaml", ".yml"):
        text = yaml.safe_load(text)["run"]
    with tempfile.TemporaryDirectory() as folder:
        launcher = Path(folder) / "torchrun"
        launcher.write_text('#!/bin/sh\nprintf "%s\\n" "$@" > "$WORDS"\n')
        launcher.chmod(0o755)
        Path(folder, "finetune").mkdir()
        env = {"PATH": f"{folder}:/usr/bin:/bin", "WORDS": f"{folder}/words", "MODEL": "none", "HOME": folder}
        subprocess.run(["bash", "-c", text], cwd=folder, env=env, check=False, capture_output=True)
        words = Path(folder, "words").read_text().splitlines()
    return words[next(i for i, w in enumerate(words) if w.endswith(".py")) + 1 :]


def load(path: Path, world: int, _: int | None) -> Run:
    parser = HfArgumentParser(TrainingArguments)
    config = None if path.suffix == ".sh" else yaml.safe_load(path.read_text())
    if config is None or "run" in config:
        words = [w for w in words_of(path) if w != "--bf16"]
        words = ["--eval_strategy" if w == "--evaluation_strategy" else w for w in words]
        args = parser.parse_args_into_dataclasses(words, return_remaining_strings=True)[0]
        return run_of(args, world)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        text = "".join(
            line for line in path.read_text().splitlines(True) if line.split(":")[0].strip() not in ELSEWHERE
        )
        file.write(text)
        file.flush()
        return run_of(parser.parse_yaml_file(file.name, allow_extra_keys=True)[0], world)


def unconverted(original: Path, converted: Path, target: Path) -> None:
    if original.suffix == ".sh" or "run:" in original.read_text():
        target.write_text(with_words(original, converted))
        return
    old, new = (yaml.safe_load(p.read_text()) for p in (original, converted))
    target.write_text(yaml.safe_dump({**old, **{k: new[k] for k in BATCH_KEYS if k in new}}))


def with_words(original: Path, converted: Path) -> str:
    """The command with the converted batch alone."""
    words, new = words_of(original), words_of(converted)
    for key in BATCH_KEYS:
        if f"--{key}" in new:
            words += [f"--{key}", new[new.index(f"--{key}") + 1]]
    command = f"torchrun train.py {shlex.join(words)}"
    return command if original.suffix == ".sh" else yaml.safe_dump({"run": command})


CASES = {
    "accumulation-for-devices": dict(world=8),
    "adamw-64-gpus": dict(world=64),
    "all-defaults": dict(world=2),
    "best-model-multiples": dict(world=8),
    "inverse-sqrt-without-warm-up": dict(world=4),
    "sgd-in-optim-args": dict(world=2),
    "torchrun-script": dict(world=8),
    "skypilot-task": dict(world=8),
}


def main() -> None:
    version = importlib.metadata.version("transformers")
    judge = Judge("transformers Trainer", version, load, unconverted)
    cases = [Case(p.parent.name, p, **CASES[p.parent.name]) for p in fixtures("hf-trainer") if p.parent.name in CASES]
    run_cases(judge, cases).report(judge)


if __name__ == "__main__":
    main()
