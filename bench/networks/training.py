"""One run: the losses on held-out data at even distances, and where asked the gradient norms of every step."""

import functools
import os

import jax
import jax.numpy as jnp
import numpy as np

from optimizers import OPTIMIZERS
from tasks import task_of

WARM_UP = 0.05
"""The part of a run that warms up; as a part of the samples it means the same at every batch size."""


def set_up(folder):
    """Compiled runs are kept in a folder, since there are few of them and many settings."""
    jax.config.update("jax_compilation_cache_dir", os.path.join(folder, "compiled"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)
    jax.config.update("jax_cpu_enable_async_dispatch", False)


def train(name, optimizer, settings, batch, schedule, seed, norms_at=None):
    """Trains a task from the weights and on the samples of a seed.

    settings: of the optimizer, by the names of its config; for Muon with the AdamW settings of all other parameters
    under `rest`. norms_at: (small, big) batch sizes. Returns losses, and None or the squared norms by step at both.
    """
    task = task_of(name)
    rows = task.order(seed, task.samples)
    beside = norms_at is not None and norms_at[1] != batch
    measured = task.order(900 + seed, task.samples // batch * norms_at[1]) if beside else rows
    run = compiled(name, optimizer, batch, norms_at)
    pace = jnp.asarray(schedule_of(schedule, task.samples // batch), jnp.float32)
    traced = jax.tree.map(jnp.float32, settings)
    losses, norms = run(task.init(seed), jnp.asarray(rows), jnp.asarray(measured), pace, traced)
    return np.asarray(losses), None if norms_at is None else np.asarray(norms)


def schedule_of(kind, steps):
    """Share of the peak learning rate at each step, taken in the middle of its batch: the same at any batch size."""
    x = (np.arange(steps) + 0.5) / steps
    cosine = 0.5 * (1 + np.cos(np.pi * np.maximum(0, x - WARM_UP) / (1 - WARM_UP)))
    return np.minimum(1.0, x / WARM_UP) * (cosine if kind == "cos" else 1.0)


@functools.cache
def compiled(name, optimizer, batch, norms_at):
    task = task_of(name)
    steps = task.samples // batch
    between = steps // task.evaluations
    assert between * task.evaluations == steps, (steps, task.evaluations)
    gradient = jax.grad(task.loss)

    def norms(p, rows):
        """Mean squared norm of the small batches that the big one is made of, and squared norm of the big one."""
        if norms_at is None:
            return ()
        small = jax.lax.map(lambda part: squared_norm(gradient(p, part)), rows.reshape(-1, norms_at[0]))
        return small.mean(), squared_norm(gradient(p, rows))

    def run(p, rows, measured, pace, settings):
        def one_step(carry, x):
            p, state = carry
            rows, measured, pace, t = x
            after = update(task, optimizer, p, gradient(p, rows), state, settings, pace, t)
            return after, norms(p, measured)

        def until_evaluated(carry, x):
            carry, found = jax.lax.scan(one_step, carry, x)
            return carry, (task.held_out(carry[0]), found)

        shape = (task.evaluations, between)
        inputs = (rows.reshape(*shape, batch), measured.reshape(*shape, -1), pace.reshape(shape))
        counts = jnp.arange(1.0, steps + 1).reshape(shape)
        _, (losses, found) = jax.lax.scan(until_evaluated, (p, first_state(task, optimizer, p)), (*inputs, counts))
        return losses, jnp.stack(found, -1).reshape(steps, 2) if norms_at else ()

    return jax.jit(run)


def squared_norm(tree):
    return sum((x * x).sum() for x in jax.tree.leaves(tree))


def optimizer_of(task, optimizer, parameter):
    return "adamw" if optimizer == "muon" and not task.hidden(parameter) else optimizer


def first_state(task, optimizer, p):
    return {k: OPTIMIZERS[optimizer_of(task, optimizer, k)][0](w) for k, w in p.items()}


def update(task, optimizer, p, g, state, settings, pace, t):
    new_p, new_state = {}, {}
    for k, w in p.items():
        name = optimizer_of(task, optimizer, k)
        s = settings if name == optimizer else settings["rest"]
        new_p[k], new_state[k] = OPTIMIZERS[name][1](w, g[k], state[k], s, s["lr"] * pace, t)
    return new_p, new_state
