#!/bin/sh
# Runs a training on the devices of this machine, with a config that was made for another number of devices.
# usage: fewer-gpus.sh CONFIG DEVICES_IT_WAS_MADE_FOR COMMAND...     (the converted config is its last argument)
# Until rebatch is on npm: REBATCH='npx --yes github:rebatch/rebatch'
set -eu
config=$1
made_for=$2
shift 2
world=${WORLD_SIZE:-$(nvidia-smi --list-gpus | wc -l)}
converted="${config%.*}.$world-gpus.${config##*.}"
${REBATCH:-npx --yes rebatch} "$config" --world "$made_for" --world-to "$world" --output "$converted"
exec "$@" "$converted"
