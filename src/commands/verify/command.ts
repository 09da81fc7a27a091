import { Command, InvalidArgumentError, Option } from 'commander';
import type { Io } from '../../base/io/streams.ts';
import { Problem } from '../../base/problem.ts';
import type { ConvertOptions } from '../../pipe/plan.ts';
import { namesTarget } from '../../pipe/plan.ts';
import {
  type ConversionFlags,
  conversionOptions,
  conversionSettings,
  notNegative,
  packagesOption,
  seed,
  wholeNumber,
} from '../options.ts';
import type { RunFlags } from './run.ts';

type Flags = ConversionFlags & RunFlags;

/** Called with whether everything was verified. */
type Answer = (yes: boolean) => void;

/** `rebatch verify CONFIG --to N` and `rebatch verify OLD NEW`. What it runs on is loaded when it runs. */
export function verifyCommand(io: Io, answer: Answer): Command {
  return conversionOptions(new Command('verify'))
    .description('run old and new settings on the same synthetic gradients and compare their averages')
    .argument('<old>', 'config to convert and verify, or the old one of two; - is standard input')
    .argument('[new]', 'second config to compare with')
    .option('--seed <n>', 'seed of the gradients, below 2^32', seed, 0)
    .option('--tolerance <x>', 'relative rms difference that passes (0.1)', notNegative)
    .option('--strict', 'also fail on coarse results, and refuse where only the noise scale can decide')
    .option('--samples <n>', 'samples that each average sees, for a smaller standard error', wholeNumber)
    .option('--coordinates <n>', 'gradient coordinates to run, at least 48; for the same', coordinates)
    .option('--train', 'also train on a noisy quadratic under every rule and compare the loss paths')
    .option('--json', 'print the figures as JSON')
    .option('--report <file>', 'write a page with tables and plots to this HTML file')
    .addOption(
      new Option('--backend <name>', 'what to run on')
        .choices(['auto', 'tensorflow', 'webgpu', 'wasm', 'cpu'])
        .default('auto'),
    )
    .addOption(packagesOption())
    .action(async (old: string, now: string | undefined, flags: Flags, command: Command) => {
      await verifyConfigs(old, now, { ...command.optsWithGlobals<Flags>(), ...flags }, io, answer);
    });
}

async function verifyConfigs(
  old: string,
  now: string | undefined,
  flags: Flags,
  io: Io,
  answer: Answer,
): Promise<void> {
  if (now === undefined && !namesTarget(flags))
    throw new Problem(
      'usage',
      'say which batch size to convert to with --to N or --by 1/4 (or --micro, --accumulation, --world-to), or give the new config as well',
    );
  if (old === '-' && now === '-') throw new Problem('usage', 'standard input can be read once');
  const settings = await conversionSettings(flags, io, old);
  const options: ConvertOptions = { ...settings, strict: flags.strict ?? false };
  const { runVerification } = await import('./run.ts');
  const report = await runVerification(old, now, options, flags, io);
  io.stdout.write(report.text);
  answer(report.pass);
}
function coordinates(text: string): number {
  const value = wholeNumber(text);
  if (value < FEWEST_COORDINATES)
    throw new InvalidArgumentError(`Fewer than ${FEWEST_COORDINATES} give no standard error to rely on.`);
  return value;
}

/** Below this a standard error over coordinates is itself too uncertain for a bound of five. */
const FEWEST_COORDINATES = 48;
