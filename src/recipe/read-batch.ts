import { type Diagnostic, warning } from '../base/diagnostic.ts';
import { Problem } from '../base/problem.ts';
import type { BatchRole } from '../dialect/roles.ts';
import { keyOf, readable } from '../document/pointer.ts';
import type { BatchOptions } from './batch-options.ts';
import { type Part, type Statement, solve } from './factors.ts';
import { type Batch, type Field, isComputed, offsetOf, type Unreadable } from './recipe.ts';
import {
  fieldOf,
  inconsistent,
  inText,
  OF_DEVICES,
  productOf,
  SAMPLES,
  type Stated,
  statedParts,
} from './statements.ts';
import { type Devices, decideUnsaid } from './unsaid.ts';

/**
 * Reads the global batch from its parts. Where the file gives a batch per device and nobody says how many there are,
 * the batch is that of one device (`perDevice`).
 * @param warnings gets what is assumed, and a batch that is counted in tokens
 * @throws Problem: batch-unknown, batch-inconsistent, auto, interpolation, usage
 */
export function readBatch(
  fields: readonly Field<BatchRole>[],
  unreadable: readonly Unreadable[],
  options: BatchOptions,
  warnings: Diagnostic[],
): Batch {
  const together = sharesPasses(fields, unreadable, options);
  const { world, shared } = devicesOf(fields, options.world);
  const decided = decideUnsaid(
    fields,
    { world, spoken: spoken(fields, unreadable, options) },
    options,
    warnings,
  );
  warnings.push(...inTokens(decided.fields));
  const stated = statedParts(decided.fields, options.world);
  const stays = (one: Unreadable) => staysAsItIs(one, options.worldTo !== undefined);
  const given = {
    fields: decided.fields,
    world: together ? 1 : (world ?? decided.world),
    from: options.from,
    stays: (one: Unreadable) => options.by !== undefined && stays(one),
  };
  const guessed =
    options.batchIs === undefined && options.batchAt === undefined && options.from === undefined;
  const unsaid = guessed && fields.some(({ role }) => role.part === 'unsaid');
  const passes = unreadable.find((one) => hidesPasses(one) && isComputed(one) && !stays(one));
  // Passes that are computed may be made of this very number: the batch then stays when it moves.
  if (unsaid && !stated.accumulation && passes) throw hidden(passes);
  const batch = compose(stated, unreadable, given);
  const unclear = unreadable.find(({ role }) => role.role === 'batch' && role.ids === 'perhaps');
  return {
    ...batch,
    ...(batch.perDevice && unsaid ? { assumed: true } : {}),
    ...(batch.perDevice && unclear ? { devicesUnclear: unclear } : {}),
    ...(shared === 1 ? {} : { modelParallel: shared }),
  };
}

/**
 * Whether the trainer shares the passes of a step out among its devices, whose number then is no part of the batch.
 * @throws Problem: usage where that number is given
 */
function sharesPasses(
  fields: readonly Field<BatchRole>[],
  unreadable: readonly Unreadable[],
  { world, worldTo }: BatchOptions,
): boolean {
  const shared = [...fields, ...unreadable].find(({ role }) => role.role === 'batch' && role.together);
  if (shared && (world ?? worldTo) !== undefined)
    throw new Problem(
      'usage',
      `${readable(shared.pointer)} counts the passes of all devices together, so their number changes no batch: leave --world out`,
    );
  return shared !== undefined;
}

/** The batch that these parts make. */
function compose(stated: Stated, unreadable: readonly Unreadable[], given: Given): Batch {
  const { from, world, fields, stays } = given;
  const blocked = unreadable.find(hidesTheBatch);
  const { global, nominal, micro, 'per-node': perNode, 'per-device': perDevice } = stated;
  if (global && nominal) return upToNominal(global, nominal.value, given);
  if (global && inText(global)) return ofTotal(global, stated, given);
  if (perNode && (from === undefined || inText(perNode)))
    return ofNodes(perNode, stated.nodes?.value ?? 1, given);
  const here = micro ?? perDevice;
  const hiddenPasses = unreadable.some((one) => hidesPasses(one) && !stays(one));
  // Without a number of devices, what --from says stands for both: the passes and the devices.
  const told = from !== undefined && world === undefined;
  const ofGlobal = !(stated.accumulation && inText(stated.accumulation)) && unreadable.some(hidesGlobal);
  const passes = ofGlobal || (!perDevice && !stated.accumulation && !told && hiddenPasses);
  if (global && !here && !blocked && from === undefined) return ofTotal(global, stated, given);
  if (here && (inText(here) ? !passes : !blocked)) return ofDevice(here, stated, given);
  if (from !== undefined)
    return {
      global: from,
      accumulation: stated.accumulation?.value ?? 1,
      ...(world === undefined ? {} : { world }),
      fields: fields.filter((f) => f.role.part === 'accumulation'),
    };
  throw blocked ? hidden(blocked) : noBatch();
}

/** Data-parallel devices where they are known, and how many devices share one copy of the model. */
function devicesOf(fields: readonly Field<BatchRole>[], given: number | undefined) {
  const shared = productOf(fields, 'model-parallel') ?? 1;
  const {
    devices,
    nodes,
    world: whole,
  } = statedParts(
    fields.filter((f) => !SAMPLES.has(f.role.part)),
    given,
  );
  const replicas = productOf(fields, 'replicas');
  if (given === undefined && replicas !== undefined) return { world: replicas, shared };
  const counted = devices && nodes ? devices.value * nodes.value : undefined;
  if (given === undefined && whole && counted !== undefined && whole.value !== counted)
    throw inconsistent(
      whole,
      `${readable(whole.pointer)} is ${whole.value}, but ${readable(devices!.pointer)} x ${readable(nodes!.pointer)} is ${counted}: say how many devices there are with --world N`,
    );
  const all = given ?? whole?.value ?? (devices && devices.value * (nodes?.value ?? 1));
  if (all === undefined || all % shared === 0)
    return { world: all === undefined ? undefined : all / shared, shared };
  throw inconsistent(
    fieldOf(fields, 'model-parallel')!,
    `${all} devices cannot be shared by copies of the model that take ${shared} devices each`,
  );
}

/** Whether the file or the user speaks of devices, be it without a number. */
function spoken(
  fields: readonly Field<BatchRole>[],
  unreadable: readonly Unreadable[],
  { world, worldTo }: BatchOptions,
): Devices['spoken'] {
  const speaks = ({ role }: Pick<Unreadable, 'role'>) => role.role === 'batch' && OF_DEVICES.has(role.part);
  return world !== undefined || worldTo !== undefined || [...fields, ...unreadable].some(speaks);
}

function inTokens(fields: readonly Field<BatchRole>[]): Diagnostic[] {
  const field = fields.find((f) => f.role.unit === 'tokens' && f.role.part !== 'micro-limit');
  if (!field) return [];
  const message = `${readable(field.pointer)} counts tokens, so the batch sizes here, --to and --from are tokens too`;
  return [warning('batch-in-tokens', message, offsetOf(field))];
}

function hidesTheBatch({ role }: Unreadable): boolean {
  return role.role === 'batch' && (SAMPLES.has(role.part) || role.part === 'accumulation');
}

/** Without the passes of a step the micro batch says nothing about it. */
function hidesPasses({ role }: Unreadable): boolean {
  return role.role === 'batch' && role.part === 'accumulation';
}

/** A global batch that is set elsewhere says itself how many passes make a step. */
function hidesGlobal({ role, why }: Unreadable): boolean {
  return role.role === 'batch' && role.part === 'global' && why === 'interpolation';
}

/** A name for nothing but a number of devices: `batch_per_gpu` is none. */
const DEVICES = /^(?:(?:ddp|dist|num|n|number|of|total|all)_)*(?:world(?:_?size)?|n?devices?|n?gpus?)$/i;

/**
 * Whether a number of passes is computed of nothing that a conversion changes (`5 * 8`, `steps //= world_size`): for
 * another batch by its ratio alone it need not be known.
 * @param onOthers the new batch runs on another number of devices
 */
function staysAsItIs(one: Unreadable, onOthers: boolean): boolean {
  const { pointer, source } = one;
  const names = source.match(/[A-Za-z_]\w*/g) ?? [];
  const own = (name: string) => name === keyOf(pointer) && /[-+*/]=/.test(source);
  return isComputed(one) && names.every((name) => own(name) || (!onOthers && DEVICES.test(name)));
}

function hidden(one: Unreadable): Problem {
  const { pointer, source, why, offset } = one;
  const advice =
    why === 'auto'
      ? 'is "auto": the trainer\'s own config sets it, so convert that file. If other values here must move too, give this file\'s global batch size with --from N'
      : `is ${isComputed(one) ? `computed, \`${source}\`` : source}, which is not known from this file alone: give the global batch size with --from N`;
  return new Problem(why === 'auto' ? why : 'interpolation', `${readable(pointer)} ${advice}`, offset);
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
  /** Whether a number of passes, though not known, is the same at the new batch. */
  readonly stays: (passes: Unreadable) => boolean;
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
export function effective(batch: number, nominal: number): number {
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
  sameAsFrom(global, readable(global.pointer), total, from);
  const { micro: passed, accumulation: said } = stated;
  const derives = global.role.accumulates === true && !said;
  const parts: Statement[] = [
    ...(passed && (inText(passed) || global.role.accumulates)
      ? [{ part: 'micro' as const, value: passed.value }]
      : []),
    ...(said && inText(said) ? [{ part: 'accumulation' as const, value: said.value }] : []),
    ...(world === undefined ? [] : [{ part: 'devices' as const, value: world }]),
  ];
  divides(global, parts);
  const whole = solve([{ part: 'global', value: total }, { part: 'nodes', value: 1 }, ...parts]);
  if (derives && whole.micro !== undefined && whole.devices === undefined)
    return {
      global: total,
      micro: whole.micro,
      accumulation: total / whole.micro,
      accumulates: true,
      fields,
    };
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
  const holds = said && !inText(said) && passed && inText(passed) && !global.role.accumulates;
  if (holds && accumulation !== said.value)
    throw inconsistent(
      global,
      `${readable(global.pointer)} is ${total}, but micro batch ${micro} x devices ${devices} x the default of ${readable(said.pointer)}, ${said.value}, is not: set ${readable(said.pointer)} to ${accumulation}, or say how many devices there are with --world N`,
    );
  return {
    global: total,
    ...(micro === undefined ? {} : { micro }),
    accumulation,
    ...(micro === undefined || devices === undefined ? {} : { world: devices }),
    ...(derives && micro !== undefined ? { accumulates: true } : {}),
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
function ofDevice(here: Field<BatchRole>, stated: Stated, { fields, world, from }: Given): Batch {
  const { micro, 'per-device': perDevice } = stated;
  if (perDevice && micro && perDevice.value % micro.value !== 0)
    throw inconsistent(
      perDevice,
      `${readable(perDevice.pointer)} is ${perDevice.value}, which is not a whole multiple of the micro batch ${micro.value}`,
    );
  const accumulation = perDevice && micro ? perDevice.value / micro.value : (stated.accumulation?.value ?? 1);
  const local = perDevice && !micro ? perDevice.value : here.value * accumulation;
  const share = micro || !perDevice ? { micro: here.value } : {};
  const devices = world ?? devicesFor(here, local, from);
  if (devices === undefined) return { global: local, ...share, accumulation, perDevice: true, fields };
  const global = local * devices;
  if (!Number.isInteger(global))
    throw inconsistent(here, `${local} samples on each of ${devices} devices make ${global}, no whole batch`);
  sameAsFrom(here, 'micro batch x accumulation x devices', global, from);
  return { global, ...share, accumulation, world: devices, fields };
}

function devicesFor(here: Field<BatchRole>, local: number, from: number | undefined): number | undefined {
  if (from === undefined) return undefined;
  if (Number.isInteger(from / local)) return from / local;
  throw inconsistent(
    here,
    `--from ${from} is not a whole multiple of the ${local} samples that one device takes per optimizer step`,
  );
}
