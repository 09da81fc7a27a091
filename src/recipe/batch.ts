import { type Diagnostic, warning } from '../base/diagnostic.ts';
import { Problem } from '../base/problem.ts';
import type { BatchRole } from '../dialect/roles.ts';
import { readable } from '../document/pointer.ts';
import { type Factors, type Part, partValue, type Statement, solve } from './factors.ts';
import { type Batch, type Field, offsetOf, type Unreadable } from './recipe.ts';

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
  /** The field that holds the batch. */
  readonly batchAt?: string;
}

/** The fields of a batch by their part; of several that agree, one. */
type Stated = Partial<Record<BatchRole['part'], Field<BatchRole>>>;

/**
 * Reads the global batch from its parts.
 * @param warnings gets what is assumed, and a batch that is counted in tokens
 * @throws Problem: batch-unknown, batch-inconsistent, auto, interpolation
 */
export function readBatch(
  fields: readonly Field<BatchRole>[],
  unreadable: readonly Unreadable[],
  options: BatchOptions,
  warnings: Diagnostic[],
): Batch {
  const stated = statedParts(fields);
  warnings.push(...inTokens(fields));
  const blocked = unreadable.find(hidesTheBatch);
  const world = options.world ?? worldOf(stated);
  const { global, nominal, micro, 'per-node': perNode, 'per-device': perDevice } = stated;
  const from = options.from;
  if (global && nominal) return upToNominal(global, nominal.value, { fields, world, from });
  if (global && inText(global)) return ofTotal(global, stated, { fields, world, from });
  if (perNode && (from === undefined || inText(perNode)))
    return ofNodes(perNode, stated.nodes?.value ?? 1, { fields, world, from });
  const here = micro ?? perDevice;
  const passes =
    perDevice || stated.accumulation || from !== undefined ? undefined : unreadable.find(hidesPasses);
  if (global && !here && !blocked && from === undefined)
    return ofTotal(global, stated, { fields, world, from });
  if (here && (inText(here) ? !passes : !blocked))
    return ofDevice(here, stated, { fields, world, from }, warnings);
  if (from !== undefined)
    return {
      global: from,
      accumulation: stated.accumulation?.value ?? 1,
      ...(world === undefined ? {} : { world }),
      fields: fields.filter((f) => f.role.part === 'accumulation'),
    };
  throw blocked ? hidden(blocked) : noBatch();
}

function statedParts(fields: readonly Field<BatchRole>[]): Stated {
  const known = fields.filter((f) => f.value !== -1 && f.role.part !== 'micro-limit');
  const parts = new Set(known.map((f) => f.role.part));
  return Object.fromEntries(
    [...parts].map((part) => [part, agree(known.filter((f) => f.role.part === part))]),
  );
}

/** The fields of one part must say the same; a value in the file beats a default. */
function agree(fields: readonly Field<BatchRole>[]): Field<BatchRole> | undefined {
  const [first, ...others] = fields.filter((f) => f.site.kind === 'text' || f.site.pointer === '');
  const other = others.find((f) => f.value !== first?.value);
  if (first && other)
    throw new Problem(
      'batch-inconsistent',
      `two batch sizes in one file: ${readable(first.pointer)} is ${first.value}, ${readable(other.pointer)} is ${other.value}; use --schema to say which one applies`,
      offsetOf(other),
    );
  return first ?? fields[0];
}

function inText(field: Field): boolean {
  return field.site.kind === 'text';
}

function worldOf({ devices, nodes }: Stated): number | undefined {
  return devices && devices.value * (nodes?.value ?? 1);
}

function inTokens(fields: readonly Field<BatchRole>[]): Diagnostic[] {
  const field = fields.find((f) => f.role.unit === 'tokens' && f.role.part !== 'micro-limit');
  if (!field) return [];
  const message = `${readable(field.pointer)} counts tokens, so the batch sizes here, --to and --from are tokens too`;
  return [warning('batch-in-tokens', message, offsetOf(field))];
}

const HIDING: readonly BatchRole['part'][] = ['global', 'micro', 'per-device', 'per-node', 'accumulation'];

function hidesTheBatch({ role }: Unreadable): boolean {
  return role.role === 'batch' && HIDING.includes(role.part);
}

/** Without the passes of a step the micro batch says nothing about it. */
function hidesPasses({ role }: Unreadable): boolean {
  return role.role === 'batch' && role.part === 'accumulation';
}

function hidden({ pointer, source, why, offset }: Unreadable): Problem {
  const advice =
    why === 'auto'
      ? 'is "auto": the trainer\'s own config sets it, so convert that file. If other values here must move too, give this file\'s global batch size with --from N'
      : `is ${source}, which is not known from this file alone: give the global batch size with --from N`;
  return new Problem(why, `${readable(pointer)} ${advice}`, offset);
}

function noBatch(): Problem {
  return new Problem(
    'batch-unknown',
    'no batch size found in this file: give the one its settings were made for with --from N',
  );
}

/** What is known beside the parts. */
interface Given {
  readonly fields: readonly Field<BatchRole>[];
  readonly world: number | undefined;
  readonly from: number | undefined;
}

function inconsistent(field: Field, message: string): Problem {
  return new Problem('batch-inconsistent', message, offsetOf(field));
}

function sameAsFrom(field: Field<BatchRole>, what: string, value: number, from: number | undefined): void {
  if (from !== undefined && from !== value)
    throw inconsistent(field, `${what} is ${value}, but --from says ${from}`);
}

/** A trainer that accumulates by itself until it has seen about a nominal batch. */
function upToNominal(global: Field<BatchRole>, nominal: number, { fields, world, from }: Given): Batch {
  sameAsFrom(global, readable(global.pointer), global.value, from);
  const size = effective(global.value, nominal);
  return { global: size, accumulation: size / global.value, nominal, fields, world: world ?? 1 };
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

/** The file says the global batch; parts that it leaves to defaults follow from it. */
function ofTotal(global: Field<BatchRole>, stated: Stated, { fields, world, from }: Given): Batch {
  const total = global.value;
  if (inText(global)) sameAsFrom(global, readable(global.pointer), total, from);
  const parts: Statement[] = [
    ...(['micro', 'accumulation'] as const).flatMap((part) =>
      stated[part] && (inText(stated[part]) || (part === 'micro' && global.role.accumulates))
        ? [{ part, value: stated[part].value }]
        : [],
    ),
    ...(world === undefined ? [] : [{ part: 'devices' as const, value: world }]),
  ];
  divides(global, parts);
  const whole = solve([{ part: 'global', value: total }, { part: 'nodes', value: 1 }, ...parts]);
  const accumulates = global.role.accumulates === true && !stated.accumulation;
  if (accumulates && whole.micro !== undefined && whole.devices === undefined)
    return { global: total, micro: whole.micro, accumulation: total / whole.micro, accumulates, fields };
  const {
    micro,
    accumulation = 1,
    devices,
  } = solve(
    [
      { part: 'global', value: total },
      { part: 'accumulation', value: whole.accumulation ?? 1 },
    ],
    whole,
  );
  return {
    global: total,
    ...(micro === undefined ? {} : { micro }),
    accumulation,
    ...(micro === undefined || devices === undefined ? {} : { world: devices }),
    ...(accumulates && micro !== undefined ? { accumulates } : {}),
    fields,
  };
}

function divides(global: Field<BatchRole>, parts: readonly Statement[]): void {
  const name = readable(global.pointer);
  const product = parts.reduce((all, { value }) => all * value, 1);
  const value = (part: Part) => parts.find((p) => p.part === part)?.value;
  if (parts.length === 3 && product !== global.value)
    throw inconsistent(
      global,
      `${name} is ${global.value}, but micro batch ${value('micro')} x accumulation ${value('accumulation')} x devices ${value('devices')} is ${product}`,
    );
  if (global.value % product !== 0)
    throw inconsistent(
      global,
      `${name} is ${global.value}, which is not a whole multiple of ${product}, the product of its parts`,
    );
}

/** A trainer that counts the samples of one machine, shared by its devices. */
function ofNodes(perNode: Field<BatchRole>, nodes: number, { fields, world, from }: Given): Batch {
  const global = perNode.value * nodes;
  const name = readable(perNode.pointer);
  sameAsFrom(perNode, `${name} x machines`, global, from);
  const devices = world ?? nodes;
  if (global % devices !== 0)
    throw inconsistent(
      perNode,
      `${name} ${perNode.value} cannot be shared evenly by ${devices / nodes} devices`,
    );
  return { global, micro: global / devices, accumulation: 1, world: devices, fields };
}

/** The file says what one device takes; how many there are it may leave open. */
function ofDevice(
  here: Field<BatchRole>,
  stated: Stated,
  { fields, world, from }: Given,
  warnings: Diagnostic[],
): Batch {
  const { micro, 'per-device': perDevice } = stated;
  if (perDevice && micro && perDevice.value % micro.value !== 0)
    throw inconsistent(
      perDevice,
      `${readable(perDevice.pointer)} is ${perDevice.value}, which is not a whole multiple of the micro batch ${micro.value}`,
    );
  const accumulation = perDevice && micro ? perDevice.value / micro.value : (stated.accumulation?.value ?? 1);
  const local = perDevice && !micro ? perDevice.value : here.value * accumulation;
  const devices = world ?? devicesFor(here, local, from) ?? oneDevice(here, local, warnings);
  const global = local * devices;
  if (!Number.isInteger(global))
    throw inconsistent(here, `${local} samples on each of ${devices} devices make ${global}, no whole batch`);
  sameAsFrom(here, 'micro batch x accumulation x devices', global, from);
  return {
    global,
    ...(micro || !perDevice ? { micro: here.value } : {}),
    accumulation,
    world: devices,
    fields,
  };
}

function devicesFor(here: Field<BatchRole>, local: number, from: number | undefined): number | undefined {
  if (from === undefined) return undefined;
  if (Number.isInteger(from / local)) return from / local;
  throw inconsistent(
    here,
    `--from ${from} is not a whole multiple of the ${local} samples that one device takes per optimizer step`,
  );
}

function oneDevice(here: Field<BatchRole>, local: number, warnings: Diagnostic[]): number {
  if (!Number.isInteger(local))
    throw new Problem(
      'batch-unknown',
      `${readable(here.pointer)} is ${here.value}, a fraction of a sample on each device: say how many devices with --world N`,
      offsetOf(here),
    );
  const message = `device count not set; assuming 1, so the global batch is ${local}. Set it with --world N`;
  warnings.push(warning('world-assumed', message, offsetOf(here)));
  return 1;
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

/** Two batches and their ratios, with nothing to rewrite: both are what their files say. */
export function ratiosOf(from: Batch, to: Omit<Batch, 'fields'>): BatchChange {
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

/**
 * Decides which parts of the batch move: the micro batch if the target divides, else the accumulation;
 * `--micro`, `--accumulation` and `--world-to` choose otherwise.
 * @throws Problem: batch-unreachable with the choices there are
 */
export function moveBatch(from: Batch, options: BatchOptions): BatchChange {
  const world = options.worldTo ?? from.world ?? 1;
  const parts =
    from.nominal === undefined
      ? split(from, options, world)
      : accumulateTo(from.nominal, from, options, world);
  const to = { global: parts.micro * parts.accumulation * world, ...parts, world };
  const nodes = from.fields.find((f) => f.role.part === 'nodes')?.value ?? 1;
  const factors: Factors = { ...parts, devices: world / nodes, nodes };
  const moves = from.fields.flatMap((field) => {
    if (overruled(field, from, options)) return [];
    const value = newValue(field, factors, from);
    return value === field.value ? [] : [{ field, to: value }];
  });
  return { ...ratiosOf(from, to), moves };
}

/** A default that does not hold, since other parts say the whole, is written only where it is asked for. */
function overruled(field: Field<BatchRole>, from: Batch, options: BatchOptions): boolean {
  const { part } = field.role;
  const asked = options.micro ?? options.accumulation;
  const shared = part === 'micro' || part === 'accumulation';
  return shared && !inText(field) && asked === undefined && field.value !== from[part];
}

/** There `--to` is the batch of the config, and the accumulation follows by itself. */
function accumulateTo(nominal: number, from: Batch, options: BatchOptions, world: number) {
  const to = options.to ?? from.global / from.accumulation;
  const field = from.fields.find((f) => f.role.part === 'global') ?? from.fields[0]!;
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

interface Share {
  readonly micro: number;
  readonly accumulation: number;
}

/** How the samples of one device and step are shared between the micro batch and accumulation. */
function split(from: Batch, options: BatchOptions, world: number): Share {
  const micro = microOf(from);
  const { to, micro: m, accumulation: a } = options;
  if (to === undefined) return { micro: m ?? micro, accumulation: a ?? from.accumulation };
  const local = to / world;
  const refuse = (message: string) => {
    const choices = Number.isInteger(local)
      ? ` Choices for micro batch x accumulation: ${factorPairs(local)}.`
      : ` Choose a multiple of ${world}, or --world-to N.`;
    return unreachable(from.fields.find((f) => f.role.part === 'micro') ?? from.fields[0], message + choices);
  };
  const fractional = from.fields.some((f) => f.role.part === 'micro' && f.role.fractional);
  if (!Number.isInteger(local) && !fractional)
    throw refuse(`--to ${to} cannot be shared evenly by ${world} devices (or devices x accumulation).`);
  if (m !== undefined || a !== undefined) return asked({ m, a }, local, (why) => refuse(why), { to, world });
  if (fractional) return { micro: local / from.accumulation, accumulation: from.accumulation };
  const keepMicro = { micro, accumulation: local / micro };
  const keepAccumulation = { micro: local / from.accumulation, accumulation: from.accumulation };
  const order =
    from.accumulates || to === from.global ? [keepMicro, keepAccumulation] : [keepAccumulation, keepMicro];
  const share = order.find((s) => Number.isInteger(s.micro) && Number.isInteger(s.accumulation));
  if (share) return share;
  throw refuse(
    `--to ${to} fits neither accumulation ${from.accumulation} nor micro batch ${micro} on ${world} device${world === 1 ? '' : 's'}.`,
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
  const world = to.devices * to.nodes;
  if (part !== 'devices') return partValue(part, to);
  if (world === from.world) return value;
  if (Number.isInteger(to.devices) && inText(field)) return to.devices;
  const why = inText(field) ? `the file has ${to.nodes} nodes` : 'the file has no number of them';
  throw unreachable(field, `${world} devices cannot be written here: ${why}`);
}
