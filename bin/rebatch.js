#!/usr/bin/env node
'use strict';
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`rebatch needs Node 20.19 or later, this is ${process.version}\n`);
  process.exitCode = 2;
} else {
  // Node 22.8 and later keep the compiled code between runs, unless NODE_DISABLE_COMPILE_CACHE is set.
  require('node:module').enableCompileCache?.();
  require('../dist/cli.cjs')
    .run()
    .then((code) => {
      process.exitCode = code;
    });
}
