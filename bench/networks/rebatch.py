"""rebatch as a user calls it: a config at another batch size, the noise scale of a log, a comparison of two logs."""

import functools
import json
import os
import shlex
import subprocess
from pathlib import Path

CONFIGS = Path(__file__).parent / "configs"
PROGRAM = shlex.split(os.environ.get("REBATCH", f"node {Path(__file__).parents[2] / 'bin' / 'rebatch.js'}"))


def called(*arguments, allowed=(0,)):
    done = subprocess.run([*PROGRAM, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode not in allowed:
        raise SystemExit(f"rebatch {shlex.join(map(str, arguments))}\n{done.stderr}")
    return done


def config_file(task, batch, name):
    return CONFIGS / f"{task}-{batch}" / f"{name}.json"


def old_settings(task, batch, name):
    """The optimizer's settings of a config, without its name."""
    return settings_of(config_file(task, batch, name).read_text())


def settings_of(config):
    return {k: v for k, v in json.loads(config)["optimizer"].items() if k != "name"}


@functools.cache
def converted(task, old, new, name, arguments):
    """The optimizer's settings that rebatch writes for another batch size."""
    return settings_of(called(config_file(task, old, name), "--to", new, "--digits", 12, "-q", *arguments).stdout)


def noise_scale(log):
    """N in samples with its 95 % interval, from the log of one run."""
    return json.loads(called("noise", log, "--json").stdout)


def followed(old_log, new_log, old, new):
    """What `rebatch follow` finds, with the exit code of --strict."""
    done = called("follow", old_log, new_log, "--batch", old, "--batch", new, "--strict", "--json", allowed=(0, 1))
    return {**json.loads(done.stdout), "exit": done.returncode}
