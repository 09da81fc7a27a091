import { describe, expect, it } from 'vitest';
import { chosenByWork, SMALL_WORK } from '../../src/lab/backends/auto.ts';
import { cpu } from '../../src/lab/backends/cpu.ts';
import type { LoadedBackend } from '../../src/lab/backends/loaded.ts';
import { averagesRequest } from '../../src/lab/sizes.ts';
import { byReference } from '../../src/lab/training.ts';

/** A backend that takes so long for every draw, in nanoseconds, and gives the figures of a small request. */
function paced(name: string, nanoseconds: number, ran: string[]): LoadedBackend {
  const about = { package: name, version: '1', memory: 'some', accelerated: name !== 'embedded' };
  return {
    ...about,
    name,
    device: `the ${name}`,
    layersOf: byReference,
    async averages(request, control) {
      ran.push(name);
      const draws = request.coordinates * request.blocks;
      await new Promise((resolve) => setTimeout(resolve, Math.min(100, (draws * nanoseconds) / 1e6)));
      return cpu.averages({ ...request, blocks: 4, coordinates: 2 }, control);
    },
  };
}

const requestOf = (draws: number) => {
  const averages = [{ decay: [0.9, 0.81] as const }];
  const request = averagesRequest({ batch: [1, 2], averages, mean: 0, key: { seed: 1, stream: 0 } });
  // Two draws for every block and coordinate.
  return { ...request, blocks: Math.ceil(draws / (2 * request.coordinates)) };
};

describe('auto', () => {
  it('looks for no accelerator while the work is small', async () => {
    const ran: string[] = [];
    const accelerated = () => Promise.reject(new Error('it looked'));
    const auto = chosenByWork({ embedded: paced('embedded', 1, ran), accelerated }, () => {});
    await auto.averages(requestOf(SMALL_WORK / 4), {});
    expect(ran).toEqual(['embedded']);
    expect(auto.device).toBe('the embedded');
  });

  it.each([
    ['faster', 0.1, 'gpu'],
    ['slower', 10, 'embedded'],
  ])(
    'times the first part of large work, and where the accelerator is %s takes the right one',
    async (_, pace, right) => {
      const ran: string[] = [];
      const said: string[] = [];
      const accelerated = async () => [paced('gpu', pace, ran)];
      const auto = chosenByWork({ embedded: paced('embedded', 1, ran), accelerated }, (line) =>
        said.push(line),
      );
      for (let i = 0; i < 2; i++) await auto.averages(requestOf(4 * SMALL_WORK), {});
      expect(ran).toEqual(['embedded', 'embedded', 'gpu', 'gpu', right, right]);
      expect(auto.name).toBe(right);
      expect(said).toHaveLength(1);
      expect(said[0]).toMatch(new RegExp(`^backend ${right}: \\d+ million a second`));
    },
  );
});
