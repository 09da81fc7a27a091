"""The optimizers: `step(w, g, state, s, lr, t)` gives a parameter and its state after step t, counted from 1.

`s` holds the settings by the names of the configs. Weight decay is on matrices only.
"""

import jax
import jax.numpy as jnp


def sgd(w, g, buffer, s, lr, t):
    buffer = s["momentum"] * buffer + g
    return w - lr * buffer, buffer


def adam_direction(g, state, s, t):
    m = s["beta1"] * state[0] + (1 - s["beta1"]) * g
    v = s["beta2"] * state[1] + (1 - s["beta2"]) * g * g
    return (m / (1 - s["beta1"] ** t)) / (jnp.sqrt(v / (1 - s["beta2"] ** t)) + s["eps"]), (m, v)


def adamw(w, g, state, s, lr, t):
    u, state = adam_direction(g, state, s, t)
    return w * (1 - lr * decay(w, s)) - lr * u, state


def lamb(w, g, state, s, lr, t):
    u, state = adam_direction(g, state, s, t)
    u = u + decay(w, s) * w
    if w.ndim == 2:
        ours, theirs = jnp.linalg.norm(w), jnp.linalg.norm(u)
        u = u * jnp.where((ours > 0) & (theirs > 0), ours / theirs, 1.0)
    return w - lr * u, state


def lion(w, g, m, s, lr, t):
    c = s["beta1"] * m + (1 - s["beta1"]) * g
    return w * (1 - lr * decay(w, s)) - lr * jnp.sign(c), s["beta2"] * m + (1 - s["beta2"]) * g


def muon(w, g, buffer, s, lr, t):
    mu = s["momentum"]
    buffer = mu * buffer + (1 - mu) * g
    return w - lr * orthogonal(mu * buffer + (1 - mu) * g) * max(1.0, w.shape[1] / w.shape[0]) ** 0.5, buffer


def orthogonal(matrix):
    """Newton-Schulz iteration with the coefficients of KellerJordan/Muon muon.py."""
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (jnp.linalg.norm(x) + 1e-7)
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * (a @ a)) @ x
    return x.T if tall else x


def adafactor(w, g, state, s, lr, t):
    keep = jnp.clip(1 - t**-0.8, 0.0, 1.0)
    squares = g * g + s["eps"]
    if w.ndim == 2:
        rows = keep * state[0] + (1 - keep) * squares.mean(1)
        columns = keep * state[1] + (1 - keep) * squares.mean(0)
        state, u = (rows, columns), g * jax.lax.rsqrt(rows / rows.mean())[:, None] * jax.lax.rsqrt(columns)[None]
    else:
        state = keep * state + (1 - keep) * squares
        u = g * jax.lax.rsqrt(state)
    return w - lr * u / jnp.maximum(1.0, jnp.sqrt((u * u).mean())), state


def decay(w, s):
    return s["weight_decay"] if w.ndim == 2 else 0.0


def zeros(w):
    return jnp.zeros_like(w)


def moments(w):
    return zeros(w), zeros(w)


def factors(w):
    return (jnp.zeros(w.shape[0]), jnp.zeros(w.shape[1])) if w.ndim == 2 else zeros(w)


OPTIMIZERS = {
    "sgd": (zeros, sgd),
    "adamw": (moments, adamw),
    "lamb": (moments, lamb),
    "lion": (zeros, lion),
    "muon": (zeros, muon),
    "adafactor": (factors, adafactor),
}
"""First state and step of each optimizer, by the name in its config."""
