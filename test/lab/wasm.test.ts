import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { AveragesRequest, AveragesResult } from '../../src/lab/backends/backend.ts';
import { cpu } from '../../src/lab/backends/cpu.ts';
import { GROUP, instantiate } from '../../src/lab/backends/wasm/kernel.ts';
import { HERE } from '../../src/lab/backends/wasm/perform.ts';
import { onThreads } from '../../src/lab/backends/wasm/threads.ts';
import { wasmBackend, wasmLayers } from '../../src/lab/backends/wasm/wasm.ts';
import { kernel as bytes } from '../../src/lab/generated/kernel.js';
import { fillNoise, type NoiseKey } from '../../src/lab/noise.ts';
import { averagesRequest } from '../../src/lab/sizes.ts';
import { train } from '../../src/lab/training.ts';
import { trainingRequest } from './training-request.ts';

const kernel = instantiate(new WebAssembly.Module(Buffer.from(bytes, 'base64')));

function draws(count: number, firstPair: number, { seed, stream }: NoiseKey, index: number) {
  kernel.draw(kernel.base(), count, firstPair, seed, stream, index);
  return new Float32Array(kernel.memory.buffer, kernel.base(), count);
}

describe('the kernel’s draws', () => {
  /** Threefry2x32-20 of Random123's kat_vectors: key, counter, words. */
  const KNOWN = [
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x13198a2e, 0x03707344],
      [0x243f6a88, 0x85a308d3],
      [0xc4923a9c, 0x483df7a0],
    ],
  ] as const;

  it.each(KNOWN)('are those of the published words for key %j, counter %j', (key, counter, [x, y]) => {
    const [u, v] = [((x >>> 9) + 0.5) * 2 ** -23, ((y >>> 9) + 0.5) * 2 ** -23];
    const radius = Math.sqrt(-2 * Math.log(u));
    const [even, odd] = draws(GROUP, counter[0], { seed: key[0], stream: key[1] }, counter[1]);
    expect(Math.abs(even! - radius * Math.cos(2 * Math.PI * v))).toBeLessThan(1e-6);
    expect(Math.abs(odd! - radius * Math.sin(2 * Math.PI * v))).toBeLessThan(1e-6);
  });

  it('are the reference’s to float32', () => {
    const count = 4096;
    const reference = new Float64Array(count);
    let [worst, bias] = [0, 0];
    for (let index = 0; index < 64; index++) {
      const key = { seed: 0xdeadbeef, stream: 7 };
      fillNoise(reference, key, 2 ** 32 - 32 + index, 1);
      const found = draws(count, 0, key, (2 ** 32 - 32 + index) >>> 0);
      for (let p = 0; p < count; p++) {
        const error = found[p]! - reference[p]!;
        worst = Math.max(worst, Math.abs(error) / Math.max(1, Math.abs(reference[p]!)));
        bias += (error * reference[p]!) / (64 * count);
      }
    }
    expect(worst).toBeLessThan(5e-7);
    expect(Math.abs(bias)).toBeLessThan(2e-8);
  });
});

function figures({ cases, level }: AveragesResult): number[] {
  return [...cases.flatMap((c) => [c.converted.value, c.unconverted.value]), level.value];
}

function requestOf(coordinates: number): AveragesRequest {
  const averages = [0.9, 0.99].map((b) => ({ decay: [b, b ** (2 / 3)] as const }));
  const key = { seed: 5, stream: 0 };
  return { ...averagesRequest({ batch: [96, 64], averages, mean: 1, key, draws: 4e5 }), coordinates };
}

describe('averages', () => {
  // Less than a tile, no multiple of a group, odd, several tiles.
  it.each([48, 50, 513, 1100])('of %i coordinates agree with the reference to 1e-6', async (coordinates) => {
    const request = requestOf(coordinates);
    const reference = figures(await cpu.averages(request, {}));
    for (const [i, value] of figures(await wasmBackend(HERE).averages(request, {})).entries())
      expect(Math.abs(value / reference[i]! - 1)).toBeLessThan(1e-6);
  });

  it('are the same on several threads, which report how far they are', async () => {
    const request = requestOf(1100);
    const shares: number[] = [];
    const several = await wasmBackend(onThreads(3), 1).averages(request, {
      progress: (share) => shares.push(share),
    });
    expect(several).toEqual(await wasmBackend(HERE).averages(request, {}));
    expect(shares.length).toBeGreaterThan(0);
    for (const share of shares) expect(share).toBeLessThanOrEqual(1);
  });

  it('stop on several threads, too', async () => {
    const controller = new AbortController();
    const running = wasmBackend(onThreads(2), 1).averages(
      { ...requestOf(512), blocks: 1e6 },
      { signal: controller.signal, progress: () => controller.abort(new Error('enough')) },
    );
    await expect(running).rejects.toThrow('enough');
  });
});

describe('loss paths', () => {
  it('are the same on several threads', async () => {
    const request = trainingRequest('adamw');
    expect(await train(request, {}, wasmLayers(onThreads(3), 1))).toEqual(
      await train(request, {}, wasmLayers(HERE)),
    );
  });
});

/** What `doctor` says of the backend in a Node that was started like this. */
function doctor(...flags: string[]) {
  const program = new URL('../../bin/rebatch.js', import.meta.url).pathname;
  const text = execFileSync(process.execPath, [...flags, program, 'doctor', '--json'], { encoding: 'utf8' });
  return JSON.parse(text).backends.find(({ name }: { name: string }) => name === 'wasm');
}

describe('where something is missing', () => {
  it('without SIMD it is absent and says so', { timeout: 60_000 }, () => {
    const flags = process.arch === 'x64' ? ['--no-enable-sse4-1'] : [];
    if (!flags.length) return process.stderr.write('SKIPPED no SIMD: only x64 can be told to do without\n');
    expect(doctor(...flags)).toMatchObject({
      state: 'absent',
      why: 'WebAssembly has no SIMD on this machine',
      next: expect.stringContaining('--backend cpu'),
    });
  });

  it('without threads it runs on one and says so', { timeout: 60_000 }, () => {
    const permission = process.allowedNodeEnvironmentFlags.has('--permission')
      ? '--permission'
      : '--experimental-permission';
    expect(doctor(permission, '--allow-fs-read=*')).toMatchObject({
      state: 'works',
      device: expect.stringContaining('1 thread'),
      next: expect.stringContaining('--allow-worker'),
    });
  });
});
