"""jax_run.py FOLDER ACCUMULATION PROCESSES: gradients under scan (and pmap), logs to FOLDER/noise.jsonl."""

import os
import sys

os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={sys.argv[3]}"

import jax
import jax.numpy as jnp
import linear
import numpy as np

ACCUMULATION, PROCESSES, MICRO = int(sys.argv[2]), int(sys.argv[3]), 4


def loss(params, batch):
    x, y = batch
    return jnp.mean((x @ params["w"] - y) ** 2) / 2


if __name__ == "__main__":
    snippet = linear.snippet("jax")
    params = {"w": jnp.zeros(linear.DIMENSIONS).at[0].set(linear.DELTA)}
    random = np.random.default_rng(PROCESSES)
    axis = "devices" if PROCESSES > 1 else None

    def step(batch):
        return snippet.gradient_and_noise(jax.grad(loss), params, batch, axis)[1]

    run = jax.pmap(step, axis_name=axis) if axis else jax.jit(step)
    lead = (PROCESSES,) if axis else ()
    for i in range(linear.STEPS):
        shape = (*lead, ACCUMULATION, MICRO)
        batch = random.normal(size=(*shape, linear.DIMENSIONS)), linear.SIGMA * random.normal(size=shape)
        norms = run(batch)
        if axis:
            norms = {k: v[0] for k, v in norms.items()}
        snippet.log_noise(f"{sys.argv[1]}/noise.jsonl", i, norms, MICRO, MICRO * ACCUMULATION * PROCESSES)
    linear.done(batches=[MICRO, MICRO * ACCUMULATION * PROCESSES])
