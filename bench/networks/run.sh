#!/bin/sh
# The environment, all runs, results.json: bench/networks/run.sh [STAGE ...] [--seeds N]. Run `npm run build` before, and
# `npm run docs` after. About an hour and a half on two idle cores; interrupted, it goes on where it was.
# NETWORKS_WORK holds the environment and the runs, by default a folder beside other temporary files. REBATCH is the
# command that is tested, by default the one that is built here.
set -e
cd "$(dirname "$0")"
export NETWORKS_WORK="${NETWORKS_WORK:-${TMPDIR:-/tmp}/rebatch-networks}"
if [ ! -x "$NETWORKS_WORK/venv/bin/python" ]; then
  python3 -m venv "$NETWORKS_WORK/venv"
  "$NETWORKS_WORK/venv/bin/pip" install --quiet --requirement requirements.txt
fi
exec nice -n 10 "$NETWORKS_WORK/venv/bin/python" run.py "$@"
