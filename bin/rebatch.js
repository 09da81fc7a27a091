#!/usr/bin/env node
'use strict';
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`rebatch needs Node 20.19 or later, this is ${process.version}\n`);
  process.exitCode = 2;
} else {
  const { load, keep } = require('./load.js');
  const { stdout, env } = process;
  stdout.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error;
  });
  load('cli.cjs')
    .run(process.argv.slice(2), {
      // These two are opened only when they are used: making a stream costs as much as converting a config.
      get stdin() {
        return process.stdin;
      },
      get stderr() {
        return process.stderr;
      },
      stdout,
      env,
      cwd: process.cwd(),
    })
    .then((code) => {
      process.exitCode = code;
      // A run that stopped half way has not compiled what the next one needs.
      if (code < 2) keep();
    });
}
