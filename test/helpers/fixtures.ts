import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const ROOT = new URL('../../fixtures/', import.meta.url).pathname;

/** A change as plan.json lists it. */
export interface ExpectedChange {
  readonly pointer: string;
  readonly part?: string;
  readonly from: number | number[];
  readonly to: number | number[];
}

/** One folder fixtures/<dialect>/<case>. */
export interface Fixture {
  readonly dialect: string;
  readonly name: string;
  readonly input: string;
  readonly expected: string;
  readonly plan: {
    readonly args: string[];
    readonly changes: ExpectedChange[];
    readonly warnings?: string[];
  };
}

/** One file of fixtures/<dialect>/rejects, with where and how it must be refused. */
export interface Reject {
  readonly dialect: string;
  readonly file: string;
  readonly at: string;
  readonly says: string;
  readonly args: string[];
}

/** Every fixture there is. */
export function fixtures(): Fixture[] {
  return dialects().flatMap((dialect) =>
    readdirSync(join(ROOT, dialect))
      .filter((name) => existsSync(join(ROOT, dialect, name, 'plan.json')))
      .map((name) => {
        const folder = join(ROOT, dialect, name);
        const find = (stem: string) =>
          join(folder, readdirSync(folder).find((f) => f.startsWith(`${stem}.`)) ?? `${stem}.yaml`);
        const plan = JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8')) as Fixture['plan'];
        return { dialect, name, input: find('input'), expected: find('expected'), plan };
      }),
  );
}

/** Every file that must be refused. */
export function rejects(): Reject[] {
  return dialects().flatMap((dialect) => {
    const list = join(ROOT, dialect, 'rejects', 'rejects.json');
    if (!existsSync(list)) return [];
    const entries = JSON.parse(readFileSync(list, 'utf8')) as Record<
      string,
      { at: string; says: string; args?: string[] }
    >;
    return Object.entries(entries).map(([file, { at, says, args }]) => ({
      dialect,
      file: join(ROOT, dialect, 'rejects', file),
      at,
      says,
      args: args ?? [],
    }));
  });
}

function dialects(): string[] {
  return readdirSync(ROOT, { withFileTypes: true })
    .filter((d) => d.isDirectory())
    .map((d) => basename(d.name));
}
