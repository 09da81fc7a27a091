#!/usr/bin/env node
'use strict';
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`rebatch needs Node 20.19 or later, this is ${process.version}\n`);
  process.exitCode = 2;
} else {
  require('node:module').enableCompileCache?.();
  const { stdout, stderr, env } = process;
  stdout.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error;
  });
  require('../dist/cli/cli.cjs')
    .run(process.argv.slice(2), {
      // Opened only when it is read: making the stream costs as much as converting a config.
      get stdin() {
        return process.stdin;
      },
      stdout,
      stderr,
      env,
      cwd: process.cwd(),
    })
    .then((code) => {
      process.exitCode = code;
    });
}
