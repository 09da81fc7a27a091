"""huggingface/trl: TrlParser with the trainers' own config classes; optimizer and scheduler are the Trainer's."""

from __future__ import annotations

import importlib.metadata
import tempfile
from pathlib import Path

import yaml
from judge_transformers import ELSEWHERE, run_of, unconverted
from judging import Case, Judge, Run, corpus, fixtures, run_cases
from transformers import TrainingArguments
from trl import DPOConfig, GRPOConfig, SFTConfig, TrlParser

KINDS = {"dpo": DPOConfig, "grpo": GRPOConfig, "sft": SFTConfig}

#: Renamed or dropped since the configs were written, and without a part in optimizer and schedule.
GONE = ("max_seq_length", "max_prompt_length", "overwrite_output_dir", "reward_funcs", "dataset_mixture", "use_vllm")


def kind_of(config: dict) -> type:
    if "num_generations" in config:
        return GRPOConfig
    return DPOConfig if config.get("loss_type") == "sigmoid" else SFTConfig


def load(path: Path, world: int, _: int | None) -> Run:
    config = yaml.safe_load(path.read_text())
    kept = {k: v for k, v in config.items() if k not in (*ELSEWHERE, *GONE)}
    if "warmup_ratio" in kept:  # of version 4, which version 5 reads from warmup_steps
        kept["warmup_steps"] = kept.pop("warmup_ratio")
    # GRPOConfig asks for the number of processes when it checks its groups.
    TrainingArguments.world_size = property(lambda _: world)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(yaml.safe_dump({**kept, "bf16": False, "output_dir": "none"}))
        file.flush()
        parser = TrlParser((kind_of(config),))
        args = parser.parse_args_and_config(["--config", file.name], return_remaining_strings=True)[0]
    run = run_of(args, world)
    if isinstance(args, GRPOConfig):
        if "steps_per_generation" in config:
            run.counts["a generation"] = args.generation_batch_size / run.batch
        if args.sync_ref_model:
            run.counts["reference"] = args.ref_model_sync_steps
            run.same["mixup"] = args.ref_model_mixup_alpha
    return run


def main() -> None:
    judge = Judge("TRL", importlib.metadata.version("trl"), load, unconverted)
    cases = [Case(p.parent.name, p, world=8) for p in fixtures("trl")]
    cases += [Case(p.name, p, world=8) for p in corpus("hf_trainer")]
    run_cases(judge, cases).report(judge)


if __name__ == "__main__":
    main()
