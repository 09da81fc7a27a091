"""The two networks, their data, and the order in which a seed sees it.

`lm`: a character transformer with 115,000 parameters on Vim's help text. `digits`: a perceptron on scikit-learn's
digits, shifted by up to a pixel. Both are small enough for a CPU and have held-out data to be judged by.
"""

import functools
import glob
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.datasets import load_digits


class Task(NamedTuple):
    """A network with its data. A row is the number of a sample; `order(seed)` gives the rows of a whole run."""

    samples: int
    evaluations: int
    init: Callable  # seed -> parameters by name
    order: Callable  # seed, count -> rows
    loss: Callable  # parameters, rows -> mean loss
    held_out: Callable  # parameters -> mean loss on held-out data
    hidden: Callable  # name of a parameter -> whether it is a hidden layer's matrix, which Muon takes


@functools.cache
def task_of(name):
    return {"lm": language_model, "digits": digits}[name]()


# ---------------------------------------------------------------------------------- the character transformer

CONTEXT, VOCABULARY, WIDTH, LAYERS, HEADS = 64, 97, 64, 2, 4


def language_model():
    train, held = help_text()
    text = jnp.asarray(train.reshape(-1))
    count = text.shape[0] - CONTEXT - 1
    held = held[:, : held.shape[1] // (CONTEXT + 1) * (CONTEXT + 1)].reshape(-1, CONTEXT + 1)
    held = jnp.asarray(held[np.random.default_rng(0).permutation(len(held))[:160]])

    def order(seed, n):
        return np.random.default_rng(5000 + seed).integers(0, count, n).astype(np.int32)

    def loss(p, rows):
        return next_character(p, text[rows[:, None] + jnp.arange(CONTEXT + 1)[None]])

    return Task(
        samples=3072,
        evaluations=32,
        init=init_transformer,
        order=order,
        loss=loss,
        held_out=lambda p: next_character(p, held),
        hidden=lambda name: "." in name and "ln" not in name,
    )


def help_text():
    """Chunks of 8192 characters of Vim's help; every 20th is held out."""
    folder = os.environ.get("NETWORKS_TEXT", "/usr/share/vim/vim*/doc")
    files = sorted(glob.glob(f"{folder}/*.txt"))
    if not files:
        raise SystemExit(f"no text in {folder}: install vim-runtime, or set NETWORKS_TEXT to a folder of .txt files")
    raw = "".join(Path(f).read_text(errors="replace") for f in files)
    codes = np.frombuffer(raw.encode("ascii", "replace"), np.uint8)
    newline, tab = 95, 96
    codes = np.where((codes >= 32) & (codes < 127), codes - 32, np.where(codes == 9, tab, newline)).astype(np.int32)
    chunks = codes[: len(codes) // 8192 * 8192].reshape(-1, 8192)
    return np.delete(chunks, np.arange(0, len(chunks), 20), 0), chunks[::20]


def init_transformer(seed):
    draw = np.random.default_rng(1000 + seed).normal
    d = WIDTH
    p = {
        "emb": draw(0, 0.02, (VOCABULARY, d)),
        "pos": draw(0, 0.02, (CONTEXT, d)),
        "head": draw(0, 0.02, (d, VOCABULARY)),
        "lnf": np.ones(d),
    }
    for layer in range(LAYERS):
        p[f"l{layer}.ln1"] = np.ones(d)
        p[f"l{layer}.ln2"] = np.ones(d)
        p[f"l{layer}.qkv"] = draw(0, d**-0.5, (d, 3 * d))
        p[f"l{layer}.o"] = draw(0, d**-0.5 / 2, (d, d))
        p[f"l{layer}.up"] = draw(0, d**-0.5, (d, 4 * d))
        p[f"l{layer}.down"] = draw(0, (4 * d) ** -0.5 / 2, (4 * d, d))
    return {k: jnp.asarray(v, jnp.float32) for k, v in p.items()}


def next_character(p, windows):
    """Cross-entropy of each next character, in nats."""
    x, y = windows[:, :-1], windows[:, 1:]
    batch, length = x.shape
    h = p["emb"][x] + p["pos"][None, :length]
    mask = jnp.where(jnp.tril(jnp.ones((length, length), bool)), 0.0, -1e9)
    for layer in range(LAYERS):
        h = h + attention(p, f"l{layer}", h, mask)
        flat = layer_norm(h, p[f"l{layer}.ln2"]).reshape(batch * length, WIDTH)
        h = h + (jax.nn.relu(flat @ p[f"l{layer}.up"]) @ p[f"l{layer}.down"]).reshape(h.shape)
    return cross_entropy(layer_norm(h, p["lnf"]).reshape(batch * length, WIDTH) @ p["head"], y.reshape(-1))


def attention(p, layer, h, mask):
    batch, length, _ = h.shape
    size = WIDTH // HEADS
    qkv = layer_norm(h, p[f"{layer}.ln1"]).reshape(batch * length, WIDTH) @ p[f"{layer}.qkv"]
    q, k, v = (z.reshape(batch, length, HEADS, size).transpose(0, 2, 1, 3) for z in jnp.split(qkv, 3, -1))
    weights = jax.nn.softmax(jnp.einsum("bhqd,bhkd->bhqk", q, k) * size**-0.5 + mask, -1)
    mixed = jnp.einsum("bhqk,bhkd->bhqd", weights, v).transpose(0, 2, 1, 3).reshape(batch * length, WIDTH)
    return (mixed @ p[f"{layer}.o"]).reshape(h.shape)


def layer_norm(h, gain):
    centred = h - h.mean(-1, keepdims=True)
    return centred * jax.lax.rsqrt((centred * centred).mean(-1, keepdims=True) + 1e-5) * gain


def cross_entropy(logits, targets):
    chosen = jnp.take_along_axis(logits, targets[:, None], -1)[:, 0]
    return (jax.nn.logsumexp(logits, -1) - chosen).mean()


# ---------------------------------------------------------------------------------- the digits

SIZES = (64, 128, 128, 10)


def digits():
    data = load_digits()
    shuffled = np.random.default_rng(0).permutation(len(data.target))
    images = (data.images / 16.0).astype(np.float32)[shuffled]
    labels = data.target.astype(np.int32)[shuffled]
    count = 1437
    x, y = jnp.asarray(images[:count]), jnp.asarray(labels[:count])
    held_x, held_y = jnp.asarray(images[count:]).reshape(-1, 64), jnp.asarray(labels[count:])

    def order(seed, n):
        """Image times nine plus its shift, one permutation for each epoch."""
        r = np.random.default_rng(5000 + seed)
        image = np.concatenate([r.permutation(count) for _ in range(-(-n // count))])[:n]
        return (image * 9 + r.integers(0, 9, n)).astype(np.int32)

    return Task(
        samples=102400,
        evaluations=40,
        init=init_perceptron,
        order=order,
        loss=lambda p, rows: cross_entropy(perceptron(p, shifted(x, rows)), y[rows // 9]),
        held_out=lambda p: cross_entropy(perceptron(p, held_x), held_y),
        hidden=lambda name: name in ("w0", "w1"),
    )


def init_perceptron(seed):
    r, p = np.random.default_rng(1000 + seed), {}
    for i in range(3):
        p[f"w{i}"] = r.normal(0, (2 / SIZES[i]) ** 0.5 * (1 if i < 2 else 0.5), (SIZES[i], SIZES[i + 1]))
        p[f"b{i}"] = np.zeros(SIZES[i + 1])
    return {k: jnp.asarray(v, jnp.float32) for k, v in p.items()}


def perceptron(p, x):
    for i in range(3):
        x = x @ p[f"w{i}"] + p[f"b{i}"]
        x = jax.nn.relu(x) if i < 2 else x
    return x


def shifted(x, rows):
    padded = jnp.pad(x[rows // 9], ((0, 0), (1, 1), (1, 1)))
    down, right = rows % 9 // 3, rows % 9 % 3
    rows_of = down[:, None, None] + jnp.arange(8)[None, :, None]
    columns_of = right[:, None, None] + jnp.arange(8)[None, None, :]
    return padded[jnp.arange(len(rows))[:, None, None], rows_of, columns_of].reshape(len(rows), 64)
