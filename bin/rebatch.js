#!/usr/bin/env node
'use strict';
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`rebatch needs Node 20.19 or later, this is ${process.version}\n`);
  process.exitCode = 2;
} else {
  // Node 22.8 and later keep the compiled code between runs, unless NODE_DISABLE_COMPILE_CACHE is set. In the user's own
  // folder: Node's choice is one in /tmp, where another user could lay code for it (nodejs/node src/compile_cache.cc
  // checks sums, not owners).
  const { HOME, LOCALAPPDATA, NODE_COMPILE_CACHE, XDG_CACHE_HOME } = process.env;
  const cache = XDG_CACHE_HOME || LOCALAPPDATA || (HOME && `${HOME}/.cache`);
  if (NODE_COMPILE_CACHE || cache)
    require('node:module').enableCompileCache?.(NODE_COMPILE_CACHE || `${cache}/rebatch`);
  require('../dist/cli.cjs')
    .run()
    .then((code) => {
      process.exitCode = code;
    });
}
