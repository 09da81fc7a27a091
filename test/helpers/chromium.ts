import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { existsSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { temporaryFolder } from './temporary.ts';

/** A browser where one is installed. */
export function findChromium(): string | undefined {
  const known = [
    process.env.CHROMIUM,
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
  ];
  return known.find((path) => path !== undefined && existsSync(path));
}

type Message = {
  id?: number;
  method?: string;
  params?: Record<string, unknown>;
  result?: unknown;
  error?: unknown;
};

/** A page in a headless browser, driven over the DevTools protocol on file descriptors 3 and 4. */
export interface Page {
  /** Sends a command to the page and waits for its answer. */
  send(method: string, params?: object): Promise<Record<string, unknown>>;
  /** Evaluates an expression in the page. */
  evaluate(expression: string): Promise<unknown>;
  /** Evaluates an expression in a frame that runs apart from the page, or in a worker: the last one of its kind. */
  evaluateIn(kind: 'iframe' | 'worker', expression: string): Promise<unknown>;
  /** Everything that the page, its frames and its workers reported since it was opened. */
  readonly events: readonly Message[];
  close(): Promise<void>;
}

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--no-first-run',
  '--remote-debugging-pipe',
];

/** Opens an address and waits until it has loaded. */
export async function openPage(chromium: string, url: string, width: number, dark: boolean): Promise<Page> {
  const profile = temporaryFolder();
  const browser = spawn(chromium, [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: profile },
  });
  const { send, events, told } = connect(browser);
  const { targetInfos } = (await send('Target.getTargets')) as {
    targetInfos: { targetId: string; type: string }[];
  };
  const { targetId } = targetInfos.find(({ type }) => type === 'page')!;
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
  const toPage = (method: string, params: object = {}) => send(method, params, sessionId as string);
  const apart = watchOthers(told, send);
  for (const domain of ['Runtime', 'Log', 'Network', 'Page']) await toPage(`${domain}.enable`);
  await toPage('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: true, flatten: true });
  const metrics = { width, height: 900, deviceScaleFactor: 1, mobile: width < 500 };
  await toPage('Emulation.setDeviceMetricsOverride', metrics);
  const scheme = { name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' };
  await toPage('Emulation.setEmulatedMedia', { features: [scheme] });
  const loaded = once(told, 'Page.loadEventFired');
  await toPage('Page.navigate', { url });
  await loaded;
  // Two frames, so that what is drawn is there.
  const frames = 'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))';
  await toPage('Runtime.evaluate', { expression: frames, awaitPromise: true });
  return {
    send: toPage,
    events,
    evaluate: (expression) => evaluated(toPage, expression),
    async evaluateIn(kind, expression) {
      const session = apart.get(kind);
      if (!session) throw new Error(`the page has no ${kind}`);
      return evaluated((method, params) => send(method, params, session), expression);
    },
    async close() {
      browser.kill();
      await once(browser, 'exit');
    },
  };
}

type Send = (method: string, params?: object, sessionId?: string) => Promise<Record<string, unknown>>;

async function evaluated(send: Send, expression: string): Promise<unknown> {
  const answer = await send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
  if (answer.exceptionDetails) throw new Error(JSON.stringify(answer.exceptionDetails));
  return (answer.result as { value: unknown }).value;
}

/** Watches frames and workers from before their first request on. @returns the session of the last of each kind */
function watchOthers(told: EventEmitter, send: Send): ReadonlyMap<string, string> {
  const sessions = new Map<string, string>();
  told.on('Target.attachedToTarget', async ({ sessionId, targetInfo, waitingForDebugger }) => {
    sessions.set(targetInfo.type, sessionId);
    if (!waitingForDebugger) return;
    for (const domain of ['Runtime', 'Log', 'Network'])
      await send(`${domain}.enable`, {}, sessionId).catch(() => {});
    await send('Runtime.runIfWaitingForDebugger', {}, sessionId);
  });
  return sessions;
}

/** Commands and answers are JSON, each ended by a zero byte. */
function connect(browser: ChildProcess) {
  const [input, output] = [browser.stdio[3] as Writable, browser.stdio[4] as Readable];
  const waiting = new Map<number, (message: Message) => void>();
  const events: Message[] = [];
  const told = new EventEmitter();
  let [buffer, last] = ['', 0];
  output.setEncoding('utf8').on('data', (text: string) => {
    const parts = (buffer + text).split('\0');
    buffer = parts.pop() ?? '';
    for (const part of parts) {
      const message: Message = JSON.parse(part);
      if (message.id === undefined) {
        events.push(message);
        told.emit(message.method!, message.params);
      } else waiting.get(message.id)?.(message);
    }
  });
  const send = (method: string, params: object = {}, sessionId?: string) =>
    new Promise<Record<string, unknown>>((resolve, reject) => {
      const id = ++last;
      waiting.set(id, ({ result, error }) =>
        error
          ? reject(new Error(`${method}: ${JSON.stringify(error)}`))
          : resolve(result as Record<string, unknown>),
      );
      input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  return { send, events, told };
}
