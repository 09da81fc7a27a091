import { fraction, num } from '../base/numbers.ts';
import { Problem } from '../base/problem.ts';
import type { BatchRole } from '../dialect/roles.ts';
import { readable } from '../document/pointer.ts';
import type { BatchOptions } from './batch-options.ts';
import { type Factors, partValue } from './factors.ts';
import { effective, readBatch } from './read-batch.ts';
import { type Batch, type Field, offsetOf } from './recipe.ts';
import { fieldOf, inText, OF_DEVICES, SAMPLES } from './statements.ts';

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

/**
 * Refuses to compare a batch that counts one device with one that counts them all.
 * @throws Problem: world-unknown
 */
export function sameCount(from: Pick<Batch, 'perDevice'>, to: Pick<Batch, 'perDevice'>): void {
  if (from.perDevice === to.perDevice) return;
  throw new Problem(
    'world-unknown',
    `the ${from.perDevice ? 'old' : 'new'} batch counts one device and nobody says how many there are, the other one counts them all: pass --world N and --world-to N`,
  );
}

/**
 * Two batches and their ratios, with nothing to rewrite: both are what their files say.
 * @throws Problem: world-unknown where the number of devices is known of one of them alone
 */
export function ratiosOf(from: Batch, to: Omit<Batch, 'fields'>): BatchChange {
  sameCount(from, to);
  const [worldFrom, worldTo] = [from.world ?? 1, to.world ?? 1];
  // Products first, then one division: what does not change is exactly 1.
  const [passFrom, passTo] = [from.global * to.accumulation, to.global * from.accumulation];
  return {
    from,
    to,
    kappa: to.global / from.global,
    perDevice: (passTo * worldFrom) / (passFrom * worldTo),
    perForward: passTo / passFrom,
    world: worldTo / worldFrom,
    moves: [],
  };
}

/** What decides where a batch goes. */
export interface MoveOptions extends BatchOptions {
  /** False: only what the file has can be rewritten. */
  readonly insert?: boolean;
}

/**
 * Decides which parts of the batch move: the micro batch if the target divides, else the accumulation;
 * `--micro`, `--accumulation` and `--world-to` choose otherwise. What the file will say then is read again and must be
 * the target.
 * @throws Problem: batch-unreachable with the choices there are; world-unknown
 */
export function moveBatch(from: Batch, options: MoveOptions): BatchChange {
  knownDevices(from, options);
  const shared = from.modelParallel ?? 1;
  if (options.worldTo !== undefined && options.worldTo % shared !== 0)
    throw unreachable(
      from.fields[0],
      `--world-to ${options.worldTo} cannot be shared by copies of the model that take ${shared} devices each`,
    );
  const world = options.worldTo === undefined ? (from.world ?? 1) : options.worldTo / shared;
  const parts =
    from.nominal === undefined
      ? split(from, options, world)
      : accumulateTo(from.nominal, from, options, world);
  const whole = { global: parts.micro * parts.accumulation * world, ...parts };
  const to = from.perDevice ? { ...whole, perDevice: true as const } : { ...whole, world };
  const nodes = from.fields.find((f) => f.role.part === 'nodes' && f.value > 0)?.value ?? 1;
  const factors: Factors = { ...parts, devices: world / nodes, nodes };
  const moves = from.fields.flatMap((field) => {
    if (overruled(field, from, options)) return [];
    const value = newValue(field, factors, from);
    return value === field.value ? [] : [{ field, to: value }];
  });
  const change = { ...ratiosOf(from, to), moves };
  provenProduct(change, options);
  return change;
}

/** An absolute target needs the number of devices, and so does another number of them. */
function knownDevices(from: Batch, { to, worldTo, micro, accumulation }: BatchOptions): void {
  const field = from.fields.find((f) => SAMPLES.has(f.role.part)) ?? from.fields[0];
  const name = field ? readable(field.pointer) : 'the batch size';
  const unclear = from.devicesUnclear;
  const unsaid = unclear
    ? `whether ${readable(unclear.pointer)} ${unclear.source} is how many there are or which one is used nobody can tell`
    : 'the file does not say how many there are';
  if (from.perDevice && worldTo === undefined && typeof to === 'number')
    throw new Problem(
      'world-unknown',
      `${name} ${from.assumed ? 'is taken for what one device takes, since there are devices,' : 'counts one device'} and ${unsaid}: pass --world N, or --from N with the batch of all devices together, or --by 1/4, which needs neither${from.assumed ? '; or --batch-is total where it counts them all' : ''}`,
      field && offsetOf(field),
    );
  const open = from.perDevice || (from.world === undefined && !from.accumulates);
  if (open && worldTo !== undefined)
    throw new Problem(
      'world-unknown',
      `--world-to ${worldTo} says how many devices there will be, but the file does not say how many there were: pass --world N, too`,
      field && offsetOf(field),
    );
  if (
    from.nominal === undefined &&
    from.micro === undefined &&
    (micro ?? accumulation) !== undefined &&
    !holds(from, 'micro') &&
    !holds(from, 'accumulation')
  )
    throw unreachable(
      field,
      `${name} is all that the file says of its batch: there is no field that --${micro === undefined ? 'accumulation' : 'micro'} could be written to`,
    );
}

function holds(from: Batch, part: BatchRole['part']): boolean {
  return fieldOf(from.fields, part) !== undefined;
}

/** Whether the passes of a step can be another number: a field says it, or the trainer works it out. */
function canAccumulate(from: Batch, { insert }: MoveOptions): boolean {
  const field = fieldOf(from.fields, 'accumulation');
  if (field) return inText(field) || insert !== false;
  if (from.accumulates || from.accumulation > 1) return true;
  return holds(from, 'per-device') && holds(from, 'micro');
}

/** What the file will say is read again: it must be the batch asked for, passes and devices included. */
function provenProduct({ from, to, moves }: BatchChange, options: MoveOptions): void {
  if (!from.fields.some((f) => SAMPLES.has(f.role.part))) return;
  const written = from.fields.map((field) => {
    const move = moves.find((m) => m.field === field);
    if (!move || (!inText(field) && options.insert === false)) return field;
    const site = inText(field) ? field.site : { kind: 'text' as const, ...NOWHERE };
    return { ...field, value: move.to, site };
  });
  const shared = from.modelParallel ?? 1;
  const filed = from.fields.some(
    (f) => f.role.part !== 'nodes' && OF_DEVICES.has(f.role.part) && f.value > 0,
  );
  const together = from.fields.some((f) => f.role.together);
  const said = together || (filed && options.world === undefined);
  const devices =
    to.world === undefined || said || (from.world === undefined && options.worldTo === undefined)
      ? {}
      : { world: to.world * shared };
  const now = readBatch(written, [], devices, []);
  const passes = now.micro === undefined || to.micro === undefined || now.micro === to.micro;
  const accumulated = from.accumulates || now.accumulation === to.accumulation;
  if (now.global === to.global && (passes || from.accumulates) && accumulated) return;
  const unwritten = moves.find(({ field }) => !inText(field) && options.insert === false)?.field;
  const why = unwritten
    ? `${readable(unwritten.pointer)} is left to the trainer’s default ${unwritten.value} and is not written (--no-insert). Write it into the file first`
    : `${to.accumulation} passes for each step would be needed, and there is no field for them`;
  throw unreachable(
    unwritten ?? moves[0]?.field ?? from.fields[0],
    `the file would then say a batch of ${now.global}, not ${to.global}: ${why}`,
  );
}

/** A place in a text that is not written yet. */
const NOWHERE = {
  offset: 0,
  length: 0,
  source: '',
  format: 'yaml' as const,
  node: { kind: 'scalar', style: 'plain', value: 0, offset: 0, length: 0, source: '' },
} as const;

/** A default that does not hold, since other parts say the whole, is written only where it is asked for. */
function overruled(field: Field<BatchRole>, from: Batch, options: BatchOptions): boolean {
  const { part } = field.role;
  const asked = options.micro ?? options.accumulation;
  const shared = part === 'micro' || part === 'accumulation';
  return shared && !inText(field) && asked === undefined && field.value !== from[part];
}

/** There `--to` is the batch of the config, and the accumulation follows by itself. */
function accumulateTo(nominal: number, from: Batch, options: BatchOptions, world: number) {
  const old = from.global / from.accumulation;
  const to = targetOf(old, options) ?? old;
  const field = fieldOf(from.fields, 'global')!;
  if (options.micro !== undefined || options.accumulation !== undefined)
    throw unreachable(
      field,
      `this trainer accumulates by itself up to a nominal batch of ${nominal}: choose ${readable(field.pointer)} with --to N, without --micro and --accumulation`,
    );
  if (to % world !== 0)
    throw unreachable(
      field,
      `--to ${to} cannot be shared evenly by ${world} devices. Choose a multiple of ${world}, or --world-to N.`,
    );
  return { micro: to / world, accumulation: effective(to, nominal) / to };
}

function unreachable(field: Field | undefined, message: string): Problem {
  return new Problem('batch-unreachable', message, field && offsetOf(field));
}

/** Samples of one pass on one device, also where only the total is known. */
function microOf({ micro, global, accumulation, world = 1 }: Batch): number {
  return micro ?? global / (accumulation * world);
}

/** The batch to go to, where the options say it. @param old the batch there is, in the same count */
function targetOf(old: number, { to, by }: BatchOptions): number | undefined {
  if (by === undefined) return to === 'same' ? old : to;
  // A third of 24 is 8, also where the ratio is no number of float64.
  const [exact, whole] = [old * by, Math.round(old * by)];
  return Math.abs(exact - whole) < 1e-9 * exact ? whole : exact;
}

interface Share {
  readonly micro: number;
  readonly accumulation: number;
}

/** How the samples of one device and step are shared between the micro batch and accumulation. */
function split(from: Batch, options: MoveOptions, world: number): Share {
  const micro = microOf(from);
  const { micro: m, accumulation: a } = options;
  // Where the trainer accumulates up to the total, a micro batch only bounds the memory.
  const bounds = from.accumulates && m !== undefined && a === undefined ? from.global : undefined;
  const to = targetOf(from.global, options) ?? bounds;
  if (to === undefined) return { micro: m ?? micro, accumulation: a ?? from.accumulation };
  const local = to / world;
  const said =
    options.by === undefined
      ? `--to ${options.to ?? to}`
      : `--by ${fraction(options.by)}, a batch of ${num(to)},`;
  const refuse = (message: string) => {
    const choices = Number.isInteger(local)
      ? ` Choices for micro batch x accumulation: ${factorPairs(local)}.`
      : ` Choose a multiple of ${world}, or --world-to N.`;
    return unreachable(fieldOf(from.fields, 'micro') ?? from.fields[0], message + choices);
  };
  const fractional = from.fields.some((f) => f.role.part === 'micro' && f.role.fractional);
  if (!Number.isInteger(local) && !fractional) {
    if (from.perDevice)
      throw unreachable(from.fields[0], `${said} is no whole number of samples on each device`);
    if (!Number.isInteger(to))
      throw unreachable(from.fields[0], `${said} is no whole number of samples: choose one with --to N`);
    throw refuse(`${said} cannot be shared evenly by ${world} devices (or devices x accumulation).`);
  }
  if (m !== undefined || a !== undefined) return asked({ m, a }, local, refuse, { to, world });
  if (fractional) return { micro: local / from.accumulation, accumulation: from.accumulation };
  const keepMicro = { micro, accumulation: local / micro };
  const keepAccumulation = { micro: local / from.accumulation, accumulation: from.accumulation };
  const both =
    from.accumulates || to === from.global ? [keepMicro, keepAccumulation] : [keepAccumulation, keepMicro];
  const order = canAccumulate(from, options) ? both : [keepAccumulation];
  const share = order.find((s) => Number.isInteger(s.micro) && Number.isInteger(s.accumulation));
  if (share) return share;
  throw refuse(
    `${said} fits neither accumulation ${from.accumulation} nor micro batch ${micro} on ${world} device${world === 1 ? '' : 's'}.`,
  );
}

/** The share that `--micro` and `--accumulation` ask for. */
function asked(
  { m, a }: { readonly m: number | undefined; readonly a: number | undefined },
  local: number,
  refuse: (message: string) => Problem,
  { to, world }: { readonly to: number; readonly world: number },
): Share {
  const share = { micro: m ?? local / a!, accumulation: a ?? local / m! };
  if (m !== undefined && a !== undefined && m * a !== local)
    throw refuse(`--micro ${m} x --accumulation ${a} x ${world} devices is ${m * a * world}, not ${to}.`);
  if (!Number.isInteger(share.accumulation))
    throw refuse(`--to ${to} is not a multiple of --micro ${m} x ${world} devices.`);
  if (!Number.isInteger(share.micro))
    throw refuse(`--to ${to} is not a multiple of --accumulation ${a} x ${world} devices.`);
  return share;
}

function factorPairs(n: number): string {
  const pairs: string[] = [];
  for (let m = 1; m <= n && pairs.length < 12; m++) if (n % m === 0) pairs.push(`${m} x ${n / m}`);
  return pairs.join(', ');
}

/** What a field of the batch becomes: the product of the new factors that it is made of. */
function newValue(field: Field<BatchRole>, to: Factors, from: Batch): number {
  const { part, fractional } = field.role;
  const { value } = field;
  if (part === 'nominal' || value === -1) return value;
  if (part === 'global' && from.nominal !== undefined) return partValue('global', { ...to, accumulation: 1 });
  if (part === 'micro-limit') {
    const scaled = (value * to.micro) / microOf(from);
    if (Number.isInteger(scaled) || fractional) return scaled;
    throw unreachable(
      field,
      `${readable(field.pointer)} would have to be ${scaled}, which is no whole number: choose another --to`,
    );
  }
  if (part === 'model-parallel' || part === 'unsaid') return value;
  if (part !== 'devices' && part !== 'world' && part !== 'replicas') return partValue(part, to);
  return newDevices(field, to, from);
}

/** A number of devices; one that the user overrides stays where their number does. */
function newDevices(field: Field<BatchRole>, to: Factors, from: Batch): number {
  const { part } = field.role;
  const world = to.devices * to.nodes;
  if (world === from.world || (from.world === undefined && world === 1)) return field.value;
  const several = part === 'replicas' && from.fields.filter((f) => f.role.part === 'replicas').length > 1;
  const shared = part === 'replicas' ? 1 : (from.modelParallel ?? 1);
  const value = (part === 'devices' ? to.devices : world) * shared;
  if (Number.isInteger(value) && inText(field) && !several) return value;
  const name = readable(field.pointer);
  const why = several
    ? `${name} is one of several fields that make them`
    : inText(field)
      ? `the file has ${to.nodes} nodes`
      : field.site.kind === 'absent' && field.site.pointer === ''
        ? `${name} says which ${field.value === 1 ? 'one is' : `${field.value} are`} used. Write there which are meant, and give the old number with --world ${field.value}`
        : 'the file has no number of them';
  throw unreachable(field, `${world * shared} devices cannot be written here: ${why}`);
}
