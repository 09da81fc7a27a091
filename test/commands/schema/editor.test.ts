import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { cli } from '../../helpers/cli.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

// The language server of VS Code's YAML extension reads the schemas as a user's editor does.

const SERVER = process.env.YAML_LANGUAGE_SERVER ?? 'yaml-language-server';
// Without --stdio it says so and ends.
const there = spawnSync(SERVER, [], { stdio: 'ignore', timeout: 20_000 }).error === undefined;
if (!there) process.stderr.write('SKIPPED editor: npm install --global yaml-language-server@2\n');

type Message = { id?: number; method?: string; params?: { items?: unknown[] }; result?: unknown };

/** A language server over stdio, with one file open. */
function open(file: string, text: string) {
  const server = spawn(SERVER, ['--stdio'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const waiting = new Map<number, (result: unknown) => void>();
  const send = (message: object) => {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }));
    server.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
    server.stdin.write(body);
  };
  const take = ({ id, method, params, result }: Message) => {
    if (method === undefined) waiting.get(id!)?.(result);
    // It asks for its settings: none.
    else if (id !== undefined) send({ id, result: (params?.items ?? []).map(() => null) });
  };
  let read = Buffer.alloc(0);
  server.stdout.on('data', (chunk: Buffer) => {
    read = Buffer.concat([read, chunk]);
    for (;;) {
      const [head, length] = /^[^{]*?Content-Length: (\d+)\r\n[^{]*?\r\n/.exec(read.toString('latin1')) ?? [];
      if (head === undefined || read.length < head.length + Number(length)) return;
      take(JSON.parse(read.subarray(head.length, head.length + Number(length)).toString()));
      read = read.subarray(head.length + Number(length));
    }
  });
  let last = 0;
  const ask = (method: string, params: object) =>
    new Promise<unknown>((resolve) => {
      waiting.set(++last, resolve);
      send({ id: last, method, params });
    });
  const uri = pathToFileURL(file).href;
  const at = (line: number, character: number) => ({ textDocument: { uri }, position: { line, character } });
  return {
    async start() {
      await ask('initialize', { processId: null, rootUri: null, capabilities: {} });
      send({ method: 'initialized', params: {} });
      send({
        method: 'textDocument/didOpen',
        params: { textDocument: { uri, languageId: 'yaml', version: 1, text } },
      });
    },
    hover: async (line: number, character: number) =>
      JSON.stringify(await ask('textDocument/hover', at(line, character))),
    complete: async (line: number, character: number) =>
      (
        (await ask('textDocument/completion', at(line, character))) as { items: { label: string }[] }
      ).items.map(({ label }) => label),
    close: () => server.kill(),
  };
}

it.skipIf(!there)(
  'an editor shows what a field of a dialect is, and offers its fields',
  async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'hf.json'), (await cli(['schema', 'hf-trainer'])).stdout);
    const text = '# yaml-language-server: $schema=./hf.json\nper_device_train_batch_size: 8\nadam_b\n';
    const file = join(cwd, 'run.yaml');
    writeFileSync(file, text);
    const editor = open(file, text);
    await editor.start();
    expect(await editor.hover(1, 4)).toContain('one device takes through one forward and backward pass');
    expect(await editor.complete(2, 6)).toEqual(expect.arrayContaining(['adam_beta1', 'adam_beta2']));
    editor.close();
  },
  60_000,
);

it.skipIf(!there)(
  'an editor offers the rules and dialects of a settings file',
  async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'settings.json'), (await cli(['schema', 'rebatch.config'])).stdout);
    const text = '# yaml-language-server: $schema=./settings.json\nrule: \ndialect: \n';
    const file = join(cwd, 'rebatch.config.yaml');
    writeFileSync(file, text);
    const editor = open(file, text);
    await editor.start();
    expect(await editor.hover(1, 1)).toContain('Scaling rule');
    expect(await editor.complete(1, 6)).toEqual(expect.arrayContaining(['ema', 'sqrt', 'noise-aware']));
    expect(await editor.complete(2, 9)).toEqual(expect.arrayContaining(['hf-trainer', 'deepspeed']));
    editor.close();
  },
  60_000,
);

it('every role says what it is, which an editor shows', () => {
  const file = new URL('../../../schemas/roles.schema.json', import.meta.url);
  const definitions: Record<string, { description?: string }> = JSON.parse(readFileSync(file, 'utf8')).$defs;
  const silent = Object.keys(definitions).filter((name) => !definitions[name]?.description);
  expect(silent).toEqual([]);
});
