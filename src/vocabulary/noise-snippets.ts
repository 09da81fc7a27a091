/**
 * The lines that log both gradient norms of a run, as `rebatch noise --snippet` prints them. Columns and batch sizes have
 * the names that `rebatch noise` looks for. Norms are root mean squares: the squares are what is averaged.
 *
 * A hook on a parameter runs before its gradient is accumulated (torch/csrc/autograd/functions/accumulate_grad.h), and
 * so before DistributedDataParallel, which hooks the accumulation, averages it over devices.
 */

const TORCH = `# Logs two gradient norms at each step: of a micro-batch, and of the whole batch. Then: rebatch noise noise.jsonl
import json
import torch
import torch.distributed as dist


class NoiseLog:
    """Hooks see a micro-batch's own gradient: before it is accumulated, and before DDP averages it over devices."""

    def __init__(self, model, micro_batch, file="noise.jsonl"):
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        self.micro_batch, self.file, self.steps, self.square = micro_batch, file, 0, 0.0
        for p in self.parameters:
            p.register_hook(self.add)

    def add(self, grad):
        self.square = self.square + grad.detach().float().pow(2).sum()

    @torch.no_grad()
    def step(self, accumulation, scale=1.0):
        """accumulation: backward passes in this step; scale: scaler.get_scale() with a GradScaler, before unscale_."""
        world = dist.get_world_size() if dist.is_initialized() else 1
        micro = self.square * accumulation / scale**2  # each loss was divided by accumulation
        if world > 1:
            dist.all_reduce(micro)
        step = sum(p.grad.float().pow(2).sum() for p in self.parameters if p.grad is not None) / scale**2
        self.steps, self.square = self.steps + 1, 0.0
        row = {
            "step": self.steps,
            "grad_norm_micro": (float(micro) / world) ** 0.5,
            "grad_norm_step": float(step) ** 0.5,
            "batch_micro": self.micro_batch,
            "batch_step": self.micro_batch * accumulation * world,
        }
        if world == 1 or dist.get_rank() == 0:
            with open(self.file, "a") as f:
                f.write(json.dumps(row) + "\\n")


# noise = NoiseLog(model, micro_batch=8)         after the model is on its device, before or after DDP wraps it
# for each step:
#     for each of the accumulation micro-batches: (loss / accumulation).backward()
#     noise.step(accumulation)                   after the last backward, before clip_grad_norm_
# Not for FSDP or ZeRO: there no device has a whole gradient.
`;

const HF = `# A Trainer that logs two gradient norms: of a micro-batch, and of the whole batch. Then: rebatch noise trainer_state.json
import torch
from transformers import Trainer  # of another trainer, such as SFTTrainer, the same


class NoiseTrainer(Trainer):
    """Hooks see a micro-batch's own gradient: before it is accumulated, and before DDP averages it over devices."""

    noise = None

    def training_step(self, model, inputs, *args, **kwargs):
        if self.noise is None:
            self.noise = {"square": 0.0, "passes": 0, "micro": 0.0, "step": 0.0, "steps": 0}
            for p in model.parameters():
                if p.requires_grad:
                    p.register_hook(self.add_square)
        loss = super().training_step(model, inputs, *args, **kwargs)
        self.noise["passes"] += 1
        if self.accelerator.sync_gradients:  # the last backward of a step; clipping comes after this
            self.add_step(model)
        return loss

    def add_square(self, grad):
        self.noise["square"] = self.noise["square"] + grad.detach().float().pow(2).sum()

    @torch.no_grad()
    def add_step(self, model):
        noise, scaler = self.noise, self.accelerator.scaler
        scale = scaler.get_scale() if scaler else 1.0
        if noise["passes"] == self.args.gradient_accumulation_steps:  # an epoch's last step can be shorter
            micro = noise["square"] * noise["passes"] / scale**2  # each loss was divided by the passes
            noise["micro"] += float(self.accelerator.reduce(micro, "mean"))
            grads = [p.grad for p in model.parameters() if p.grad is not None]
            noise["step"] += float(sum(g.float().pow(2).sum() for g in grads)) / scale**2
            noise["steps"] += 1
        noise["square"], noise["passes"] = 0.0, 0

    def log(self, logs, *args, **kwargs):
        noise = self.noise
        if "loss" in logs and noise and noise["steps"]:  # means over logging_steps
            micro_batch = self.args.per_device_train_batch_size
            logs["grad_norm_micro"] = (noise["micro"] / noise["steps"]) ** 0.5
            logs["grad_norm_step"] = (noise["step"] / noise["steps"]) ** 0.5
            logs["batch_micro"] = micro_batch
            logs["batch_step"] = micro_batch * self.args.gradient_accumulation_steps * self.accelerator.num_processes
            noise["micro"], noise["step"], noise["steps"] = 0.0, 0.0, 0
        super().log(logs, *args, **kwargs)


# trainer = NoiseTrainer(model=model, args=args, train_dataset=data)   in place of Trainer; log often (logging_steps=5)
# Not for FSDP or DeepSpeed: there no device has a whole gradient.
`;

const LIGHTNING = `# Logs two gradient norms: of a micro-batch, and of the whole batch. Then: rebatch noise metrics.csv
import torch
from lightning.pytorch import Callback


class NoiseLog(Callback):
    """Hooks see a micro-batch's own gradient: before it is accumulated, and before DDP averages it over devices."""

    def __init__(self, micro_batch):
        self.micro_batch, self.square, self.passes = micro_batch, 0.0, 0

    def on_fit_start(self, trainer, module):
        for p in module.parameters():
            if p.requires_grad:
                p.register_hook(self.add)

    def add(self, grad):
        self.square = self.square + grad.detach().float().pow(2).sum()

    def on_before_backward(self, trainer, module, loss):
        self.passes += 1

    @torch.no_grad()
    def on_before_optimizer_step(self, trainer, module, optimizer):  # clipping comes after this
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        scale = scaler.get_scale() if scaler else 1.0  # p.grad is unscaled here, what the hooks saw was not
        micro = self.square * self.passes / scale**2  # each loss was divided by the passes
        step = sum(p.grad.float().pow(2).sum() for p in module.parameters() if p.grad is not None)
        norms = {
            "grad_norm_micro": float(trainer.strategy.reduce(micro, reduce_op="mean")) ** 0.5,
            "grad_norm_step": float(step) ** 0.5,
            "batch_micro": float(self.micro_batch),
            "batch_step": float(self.micro_batch * self.passes * trainer.world_size),
        }
        module.log_dict(norms, on_step=True, on_epoch=False)
        self.square, self.passes = 0.0, 0


# Trainer(callbacks=[NoiseLog(micro_batch=8)], log_every_n_steps=1, logger=CSVLogger("logs"), ...)
# For one optimizer. Not for FSDP or DeepSpeed: there no device has a whole gradient.
`;

const JAX = `# Gives two gradient norms with the gradient: of a micro-batch, and of the whole batch. Then: rebatch noise noise.jsonl
import json
import jax
import jax.numpy as jnp


def square(tree):
    return sum(jnp.sum(jnp.square(x.astype(jnp.float32))) for x in jax.tree.leaves(tree))


def gradient_and_noise(gradient, params, micro_batches, axis_name=None):
    """gradient(params, batch) of a mean loss; micro_batches: arrays with an axis for accumulation before that of samples.
    axis_name: the axis of pmap or shard_map over devices, if there is one. Clip what this returns, not before."""

    def one(total, batch):
        g = gradient(params, batch)
        return jax.tree.map(jnp.add, total, g), square(g)

    total, squares = jax.lax.scan(one, jax.tree.map(jnp.zeros_like, params), micro_batches)
    mean, micro = jax.tree.map(lambda x: x / len(squares), total), jnp.mean(squares)
    if axis_name is not None:
        mean, micro = jax.lax.pmean((mean, micro), axis_name)
    return mean, {"grad_norm_micro": jnp.sqrt(micro), "grad_norm_step": jnp.sqrt(square(mean))}


def log_noise(file, step, norms, batch_micro, batch_step):
    """batch_step: batch_micro times accumulation times devices."""
    row = {"step": step, **{k: float(v) for k, v in norms.items()}, "batch_micro": batch_micro, "batch_step": batch_step}
    with open(file, "a") as f:
        f.write(json.dumps(row) + "\\n")


# grads, norms = gradient_and_noise(jax.grad(loss), params, micro_batches)    inside jit
# log_noise("noise.jsonl", step, norms, batch_micro=8, batch_step=64)         outside of it
`;

/** By the name that `--snippet` takes. */
export const SNIPPETS = { torch: TORCH, hf: HF, lightning: LIGHTNING, jax: JAX } as const;
