"""hf_run.py FOLDER ACCUMULATION PROCESSES: the Trainer with clipping (and DDP), logs to FOLDER/trainer_state.json."""

import os
import sys

import linear
import torch

ACCUMULATION, PROCESSES, MICRO = int(sys.argv[2]), int(sys.argv[3]), 4


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = linear.torch_model()

    def forward(self, x, labels):
        return {"loss": ((self.linear(x) - labels) ** 2).mean() / 2}


def samples():
    """More than one epoch, whose last step is short."""
    per_step = MICRO * ACCUMULATION * PROCESSES
    return linear.torch_samples(per_step * linear.STEPS // 2 + MICRO * PROCESSES * (ACCUMULATION > 1), 1)


def main(rank=0):
    if PROCESSES > 1:
        os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank))
    torch.set_num_threads(1)
    from transformers import TrainingArguments

    x, y = samples()
    data = [{"x": a, "labels": b} for a, b in zip(x, y)]
    arguments = TrainingArguments(
        output_dir=sys.argv[1],
        per_device_train_batch_size=MICRO,
        gradient_accumulation_steps=ACCUMULATION,
        max_grad_norm=0.1,
        learning_rate=0.0,
        max_steps=linear.STEPS,
        logging_steps=4,
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
        dataloader_drop_last=True,
        remove_unused_columns=False,
    )
    trainer = linear.snippet("hf").NoiseTrainer(model=Model(), args=arguments, train_dataset=data)
    trainer.train()
    if rank == 0:
        trainer.state.save_to_json(f"{sys.argv[1]}/trainer_state.json")


if __name__ == "__main__":
    main() if PROCESSES == 1 else linear.on_two_processes(main)
    linear.done(N=linear.noise_scale_of(*samples()), batches=[MICRO, MICRO * ACCUMULATION * PROCESSES])
