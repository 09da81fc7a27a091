#!/usr/bin/env bash
# Measures the webgpu and tensorflow backends on a machine that has a GPU and nothing else.
#   bench/gpu.sh pack FILE.tgz [FOLDER]   here, in a checkout with its packages and the npm registry; FOLDER has
#                                         node_modules/@tensorflow/tfjs-node-gpu as scripts/tfjs-from-pip built it
#   bash gpu.sh run FILE.tgz [OPTION...]  there, with Node (NODE=/path/to/node) and the Vulkan loader, and for tensorflow
#                                         TENSORFLOW=/path/to/python, which has pip's tensorflow[and-cuda] of the same
#                                         version; options as of bench/gpu.mjs; a page of results on stdout
# This script is in FILE.tgz, too: tar -xzOf FILE.tgz package/bench/gpu.sh > gpu.sh
set -euo pipefail

node=${NODE:-node}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

pack() {
  local out root
  out=$(realpath "$1")
  root=$(cd "$(dirname "$0")/.." && pwd)
  cd "$root"
  npm run --silent build
  npm pack --silent --ignore-scripts --pack-destination "$folder" >/dev/null
  tar -xzf "$folder"/rebatch-*.tgz -C "$folder"
  npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder/peer" webgpu@'>=0.4.0 <1' >/dev/null
  # The binaries of other systems are four fifths of it.
  find "$folder/peer/node_modules/webgpu/dist" -mindepth 1 -maxdepth 1 ! -name "${TARGET:-linux-x64}" -exec rm -r {} +
  mv "$folder/peer/node_modules" "$folder/package/node_modules"
  if [ -n "${2-}" ]; then
    # Without the library, which is the other machine's, nor what built the binding.
    tar -cf - -C "$2/node_modules" --exclude=deps --exclude=obj.target --exclude=webgpu --exclude=.bin . |
      tar -xf - -C "$folder/package/node_modules"
  fi
  mkdir "$folder/package/bench"
  npx rolldown bench/gpu.mjs --platform node --format esm --no-code-splitting --file "$folder/package/bench/gpu.mjs" >/dev/null
  cp bench/gpu.sh "$folder/package/bench/"
  cp fixtures/hf-trainer/adamw-64-gpus/input.yaml "$folder/package/bench/config.yaml"
  tar -czf "$out" -C "$folder" package
  du -h "$out" >&2
}

# The wheel's libraries, and those of CUDA that pip has put beside it.
libraries() {
  local wheel one
  wheel=$("$1" -c 'import importlib.util as u; print(u.find_spec("tensorflow").submodule_search_locations[0])')
  for one in "$wheel" "$wheel"/../nvidia/*/lib; do
    [ ! -d "$one" ] || export LD_LIBRARY_PATH="$one${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  done
}

run() {
  local file
  file=$(realpath "$1")
  shift
  tar -xzf "$file" -C "$folder"
  [ -z "${TENSORFLOW-}" ] || libraries "$TENSORFLOW"
  "$node" "$folder/package/bin/rebatch.js" doctor >&2
  "$node" "$folder/package/bin/rebatch.js" verify "$folder/package/bench/config.yaml" --to 64 --world 64 --world-to 8 \
    --backend webgpu --train >&2 || echo "no webgpu here" >&2
  "$node" "$folder/package/bench/gpu.mjs" "$@"
}

case "${1:-}" in
  pack | run) "$@" ;;
  *)
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
