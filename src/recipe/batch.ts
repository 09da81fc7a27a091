import { problemAt } from '../base/position.ts';
import { Problem } from '../base/problem.ts';
import type { BatchRole } from '../dialect/roles.ts';
import { readable } from '../document/pointer.ts';
import type { Field, Unreadable } from './recipe.ts';

/** How a global batch is put together. All numbers are samples or counts. */
export interface Batch {
  /** Samples behind one optimizer step. */
  readonly global: number;
  /** Samples of one forward pass on one device, where known. */
  readonly micro?: number;
  readonly accumulation: number;
  /** Data-parallel devices (or whatever else multiplies micro x accumulation), where known. */
  readonly world?: number;
  /** The accumulation follows from the other parts; where `world` is not known, it counts the devices too. */
  readonly accumulates?: true;
  /** A batch up to which the trainer accumulates by itself; `global` then is what that comes to. */
  readonly nominal?: number;
  readonly fields: readonly Field<BatchRole>[];
}

/** What the user says about the batch beside the file. All whole numbers of at least 1. */
export interface BatchOptions {
  /** The global batch of the file as it is. */
  readonly from?: number;
  /** The global batch to convert to. */
  readonly to?: number;
  /** Devices that the file's settings run on, and that the new ones will run on. */
  readonly world?: number;
  readonly worldTo?: number;
  /** The new micro batch and accumulation, to choose which part moves. */
  readonly micro?: number;
  readonly accumulation?: number;
}

/** A batch and where it goes. */
export interface BatchChange {
  readonly from: Batch;
  readonly to: Omit<Batch, 'fields'>;
  /** B_new / B_old: everything per optimizer step goes by it. */
  readonly kappa: number;
  /** The same ratio for one forward pass on one device (BatchNorm without synchronisation). */
  readonly perDevice: number;
  /** The same ratio for one forward pass on all devices (synchronised BatchNorm, averages updated per forward). */
  readonly perForward: number;
  /** Ratio of the numbers of devices. */
  readonly world: number;
  readonly moves: readonly { readonly field: Field<BatchRole>; readonly to: number }[];
}

type Warn = (code: string, message: string, offset?: number) => void;

/**
 * Reads the global batch from its parts.
 * @throws Problem: batch-unknown, batch-inconsistent, auto, interpolation
 */
export function readBatch(
  fields: readonly Field<BatchRole>[],
  unreadable: readonly Unreadable[],
  options: BatchOptions,
  text: string,
  warn: Warn,
): Batch {
  const one = (part: BatchRole['part']) =>
    agree(
      fields.filter((f) => f.role.part === part && f.value !== -1),
      text,
    );
  const global = one('global');
  const nominal = one('nominal');
  const micro = one('micro');
  const devices = one('devices');
  const accumulationField = one('accumulation');
  const perDevice = one('per-device');
  const worldInFile = devices === undefined ? undefined : devices.value * (one('nodes')?.value ?? 1);
  const world = options.world ?? worldInFile;
  const blocked = unreadable.find(
    (u) =>
      u.role.role === 'batch' &&
      ['global', 'micro', 'per-device', 'per-node', 'accumulation'].includes(u.role.part),
  );
  const wrong = (field: Field, message: string) =>
    problemAt('batch-inconsistent', message, text, siteOffset(field));
  const tokens = fields.find((f) => f.role.unit === 'tokens' && f.role.part !== 'micro-limit');
  if (tokens)
    warn(
      'batch-in-tokens',
      `${readable(tokens.pointer)} counts tokens, so the batch sizes here, --to and --from are tokens too`,
      siteOffset(tokens),
    );

  if (global && nominal) {
    if (options.from !== undefined && options.from !== global.value)
      throw wrong(global, `${readable(global.pointer)} is ${global.value}, but --from says ${options.from}`);
    const size = effective(global.value, nominal.value);
    return {
      global: size,
      accumulation: size / global.value,
      nominal: nominal.value,
      fields,
      world: world ?? 1,
    };
  }
  if (global && global.site.kind === 'text') {
    if (options.from !== undefined && options.from !== global.value)
      throw wrong(global, `${readable(global.pointer)} is ${global.value}, but --from says ${options.from}`);
    return fromGlobal(global, micro, accumulationField, world, fields, wrong);
  }
  const perNode = one('per-node');
  if (perNode && (options.from === undefined || perNode.site.kind === 'text'))
    return fromNodes(perNode, one('nodes')?.value ?? 1, world, options, fields, wrong);
  if (global && !micro && !perDevice && !blocked && options.from === undefined)
    return fromGlobal(global, undefined, accumulationField, world, fields, wrong);
  const here = micro ?? perDevice;
  const readableHere = here && (here.site.kind === 'text' || !blocked);
  if (!readableHere) {
    if (options.from !== undefined)
      return {
        global: options.from,
        accumulation: accumulationField?.value ?? 1,
        ...(world === undefined ? {} : { world }),
        fields: fields.filter((f) => f.role.part === 'accumulation'),
      };
    if (blocked?.why === 'auto')
      throw problemAt(
        'auto',
        `${readable(blocked.pointer)} is "auto": the trainer's own config sets it, so convert that file. If other values here must move too, give this file's global batch size with --from N`,
        text,
        blocked.offset,
      );
    if (blocked)
      throw problemAt(
        'interpolation',
        `${readable(blocked.pointer)} is ${blocked.source}, which is not known from this file alone: give the global batch size with --from N`,
        text,
        blocked.offset,
      );
    throw new Problem(
      'batch-unknown',
      'no batch size found in this file: give the one its settings were made for with --from N',
    );
  }
  const accumulation = perDevice && micro ? perDevice.value / micro.value : (accumulationField?.value ?? 1);
  const local = perDevice && !micro ? perDevice.value : (micro?.value ?? here.value) * accumulation;
  let devicesUsed = world;
  if (devicesUsed === undefined && options.from !== undefined) {
    devicesUsed = options.from / local;
    if (!Number.isInteger(devicesUsed))
      throw wrong(
        here,
        `--from ${options.from} is not a whole multiple of the ${local} samples that one device takes per optimizer step`,
      );
  }
  if (devicesUsed === undefined && !Number.isInteger(local))
    throw problemAt(
      'batch-unknown',
      `${readable(here.pointer)} is ${here.value}, a fraction of a sample on each device: say how many devices with --world N`,
      text,
      siteOffset(here),
    );
  if (devicesUsed === undefined) {
    devicesUsed = 1;
    warn(
      'world-assumed',
      `the file does not say how many devices it trains on: 1 assumed, so the global batch is ${local}. Say --world N if it is not`,
      siteOffset(here),
    );
  }
  const product = local * devicesUsed;
  if (!Number.isInteger(product))
    throw wrong(here, `${local} samples on each of ${devicesUsed} devices make ${product}, no whole batch`);
  if (options.from !== undefined && options.from !== product)
    throw wrong(here, `micro batch x accumulation x devices is ${product}, but --from says ${options.from}`);
  return {
    global: product,
    ...(micro || !perDevice ? { micro: micro?.value ?? here.value } : {}),
    accumulation,
    world: devicesUsed,
    fields,
  };
}

/** A trainer that counts the samples of one machine, shared by its devices. */
function fromNodes(
  perNode: Field<BatchRole>,
  nodes: number,
  world: number | undefined,
  { from }: BatchOptions,
  fields: readonly Field<BatchRole>[],
  wrong: (field: Field, message: string) => Problem,
): Batch {
  const global = perNode.value * nodes;
  const name = readable(perNode.pointer);
  if (from !== undefined && from !== global)
    throw wrong(perNode, `${name} x machines is ${global}, but --from says ${from}`);
  const devices = world ?? nodes;
  if (global % devices !== 0)
    throw wrong(perNode, `${name} ${perNode.value} cannot be shared evenly by ${devices / nodes} devices`);
  return { global, micro: global / devices, accumulation: 1, world: devices, fields };
}

function fromGlobal(
  global: Field<BatchRole>,
  micro: Field<BatchRole> | undefined,
  accumulation: Field<BatchRole> | undefined,
  world: number | undefined,
  fields: readonly Field<BatchRole>[],
  wrong: (field: Field, message: string) => Problem,
): Batch {
  const said = (f: Field | undefined) => (f?.site.kind === 'text' ? f.value : undefined);
  let m = said(micro);
  let a = said(accumulation);
  const total = global.value;
  if (m !== undefined && a !== undefined && world !== undefined && m * a * world !== total)
    throw wrong(
      global,
      `${readable(global.pointer)} is ${total}, but micro batch ${m} x accumulation ${a} x devices ${world} is ${m * a * world}`,
    );
  const known = (m ?? 1) * (a ?? 1) * (world ?? 1);
  if (total % known !== 0)
    throw wrong(
      global,
      `${readable(global.pointer)} is ${total}, which is not a whole multiple of ${known}, the product of its parts`,
    );
  if (m === undefined && world !== undefined) m = total / ((a ?? 1) * world);
  if (a === undefined && m !== undefined && world !== undefined) a = total / (m * world);
  if (global.role.accumulates && m !== undefined && !accumulation)
    return {
      global: total,
      micro: m,
      accumulation: total / (m * (world ?? 1)),
      ...(world === undefined ? {} : { world }),
      accumulates: true,
      fields,
    };
  const rest = m === undefined ? undefined : total / (m * (a ?? 1));
  return {
    global: total,
    ...(m === undefined ? {} : { micro: m }),
    accumulation: a ?? 1,
    ...(rest === undefined ? {} : { world: rest }),
    fields,
  };
}

/**
 * Decides which parts of the batch move: the micro batch if the target divides, else the accumulation;
 * `--micro`, `--accumulation` and `--world-to` choose otherwise.
 * @throws Problem: batch-unreachable with the choices there are
 */
export function moveBatch(from: Batch, options: BatchOptions, text: string): BatchChange {
  const world = options.worldTo ?? from.world ?? 1;
  const parts =
    from.nominal === undefined
      ? split(from, options, world, text)
      : accumulateTo(from.nominal, from, options, world, text);
  const to = { global: parts.micro * parts.accumulation * world, ...parts, world };
  const moves = from.fields.flatMap((field) => {
    const value = newValue(field, to, from, text);
    return value === undefined || value === field.value ? [] : [{ field, to: value }];
  });
  return { ...ratiosOf(from, to), moves };
}

/** Two batches and their ratios, with nothing to rewrite: both are what their files say. */
export function ratiosOf(from: Batch, to: Omit<Batch, 'fields'>): BatchChange {
  const kappa = to.global / from.global;
  const world = (to.world ?? 1) / (from.world ?? 1);
  const perForward = (kappa * from.accumulation) / to.accumulation;
  return { from, to, kappa, perDevice: perForward / world, perForward, world, moves: [] };
}

/** What a trainer that accumulates up to a nominal batch makes of a batch: round(nominal/batch) passes, at least one. */
function effective(batch: number, nominal: number): number {
  return batch * Math.max(1, roundHalfToEven(nominal / batch));
}

/** As Python's round() does, which trainers use. */
function roundHalfToEven(x: number): number {
  const down = Math.floor(x);
  if (x - down !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
}

/** There `--to` is the batch of the config, and the accumulation follows by itself. */
function accumulateTo(nominal: number, from: Batch, options: BatchOptions, world: number, text: string) {
  const to = options.to ?? from.global / from.accumulation;
  const field = from.fields.find((f) => f.role.part === 'global') ?? from.fields[0]!;
  const refuse = (message: string) => problemAt('batch-unreachable', message, text, siteOffset(field));
  if (options.micro !== undefined || options.accumulation !== undefined)
    throw refuse(
      `this trainer accumulates by itself up to a nominal batch of ${nominal}: choose ${readable(field.pointer)} with --to N, without --micro and --accumulation`,
    );
  if (to % world !== 0)
    throw refuse(
      `--to ${to} cannot be shared evenly by ${world} devices. Choose a multiple of ${world}, or --world-to N.`,
    );
  return { micro: to / world, accumulation: effective(to, nominal) / to };
}

function split(
  from: Batch,
  options: BatchOptions,
  world: number,
  text: string,
): { micro: number; accumulation: number } {
  const micro = from.micro ?? from.global / (from.accumulation * (from.world ?? 1));
  if (options.to === undefined)
    return { micro: options.micro ?? micro, accumulation: options.accumulation ?? from.accumulation };
  const local = options.to / world;
  const field = from.fields.find((f) => f.role.part === 'micro') ?? from.fields[0];
  const refuse = (message: string) => {
    const choices = Number.isInteger(local)
      ? ` Choices for micro batch x accumulation: ${factorPairs(local)}.`
      : ` Choose a multiple of ${world}, or --world-to N.`;
    return field
      ? problemAt('batch-unreachable', message + choices, text, siteOffset(field))
      : new Problem('batch-unreachable', message + choices);
  };
  const fractional = from.fields.some((f) => f.role.part === 'micro' && f.role.fractional);
  if (!Number.isInteger(local) && !fractional)
    throw refuse(
      `--to ${options.to} cannot be shared evenly by ${world} devices (or devices x accumulation).`,
    );
  const { micro: m, accumulation: a } = options;
  if (m !== undefined && a !== undefined) {
    if (m * a !== local)
      throw refuse(
        `--micro ${m} x --accumulation ${a} x ${world} devices is ${m * a * world}, not ${options.to}.`,
      );
    return { micro: m, accumulation: a };
  }
  if (m !== undefined) {
    if (local % m !== 0)
      throw refuse(`--to ${options.to} is not a multiple of --micro ${m} x ${world} devices.`);
    return { micro: m, accumulation: local / m };
  }
  if (a !== undefined) {
    if (local % a !== 0)
      throw refuse(`--to ${options.to} is not a multiple of --accumulation ${a} x ${world} devices.`);
    return { micro: local / a, accumulation: a };
  }
  if (fractional) return { micro: local / from.accumulation, accumulation: from.accumulation };
  if (from.accumulates && local % micro === 0) return { micro, accumulation: local / micro };
  if (options.to === from.global && local % micro === 0) return { micro, accumulation: local / micro };
  if (local % from.accumulation === 0)
    return { micro: local / from.accumulation, accumulation: from.accumulation };
  if (local % micro === 0) return { micro, accumulation: local / micro };
  throw refuse(
    `--to ${options.to} fits neither accumulation ${from.accumulation} nor micro batch ${micro} on ${world} device${world === 1 ? '' : 's'}.`,
  );
}

function factorPairs(n: number): string {
  const pairs: string[] = [];
  for (let m = 1; m <= n && pairs.length < 12; m++) if (n % m === 0) pairs.push(`${m} x ${n / m}`);
  return pairs.join(', ');
}

function newValue(
  field: Field<BatchRole>,
  to: Required<Omit<Batch, 'fields' | 'nominal' | 'accumulates'>>,
  from: Batch,
  text: string,
): number | undefined {
  switch (field.role.part) {
    case 'global':
      return from.nominal === undefined ? to.global : to.global / to.accumulation;
    case 'nominal':
      return field.value;
    case 'micro':
      return to.micro;
    case 'micro-limit': {
      const micro = from.micro ?? from.global / (from.accumulation * (from.world ?? 1));
      const value = (field.value * to.micro) / micro;
      if (Number.isInteger(value) || field.role.fractional) return value;
      throw problemAt(
        'batch-unreachable',
        `${readable(field.pointer)} would have to be ${value}, which is no whole number: choose another --to`,
        text,
        siteOffset(field),
      );
    }
    case 'accumulation':
      return to.accumulation;
    case 'per-device':
      return to.micro * to.accumulation;
    case 'per-node':
      return to.global / (from.fields.find((f) => f.role.part === 'nodes')?.value ?? 1);
    case 'nodes':
      return field.value;
    case 'devices': {
      if (field.value === -1 || to.world === from.world) return field.value;
      const nodes = from.fields.find((f) => f.role.part === 'nodes')?.value ?? 1;
      if (to.world % nodes === 0 && field.site.kind === 'text') return to.world / nodes;
      throw problemAt(
        'batch-unreachable',
        `${to.world} devices cannot be written here: the file has ${nodes} nodes`,
        text,
        siteOffset(field),
      );
    }
  }
}

/** The fields of one part must say the same; a value in the file beats a default. */
function agree(fields: readonly Field<BatchRole>[], text: string): Field<BatchRole> | undefined {
  const [first, ...others] = fields.filter((f) => f.site.kind === 'text' || f.site.pointer === '');
  const other = others.find((f) => f.value !== first?.value);
  if (first && other)
    throw problemAt(
      'batch-inconsistent',
      `two batch sizes in one file: ${readable(first.pointer)} is ${first.value}, ${readable(other.pointer)} is ${other.value}. Say which counts with a --schema of your own`,
      text,
      siteOffset(other),
    );
  return first ?? fields[0];
}

function siteOffset(field: Field): number {
  return field.site.kind === 'text' ? field.site.offset : 0;
}
