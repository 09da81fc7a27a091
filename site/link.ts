/** The settings as the fragment of a link, which a browser sends to no one; the config is in it only when asked for. */

import { SETTINGS, type Typed } from './settings.ts';

/** A config in a link. */
export interface LinkedConfig {
  readonly file: string;
  readonly text: string;
}

/** `#to=64&rule=sqrt`. */
export function fragmentOf(fields: Typed): string {
  return [...fields].map(([flag, value]) => `${flag}=${encodeURIComponent(value)}`).join('&');
}

/** The same with the config, compressed. */
export async function fragmentWith(fields: Typed, { file, text }: LinkedConfig): Promise<string> {
  const packed = await through(new TextEncoder().encode(text), new CompressionStream('deflate-raw'));
  const base64 = btoa(Array.from(packed, (byte) => String.fromCharCode(byte)).join(''));
  const config = base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  return [fragmentOf(fields), `file=${encodeURIComponent(file)}`, `config=${config}`]
    .filter(Boolean)
    .join('&');
}

/** What a link says, and the names in it that no setting has, or not with that value. */
export interface Linked {
  readonly fields: Typed;
  readonly config?: LinkedConfig;
  readonly unknown: readonly string[];
}

/** Reads a fragment. A config that cannot be unpacked counts as unknown. */
export async function readFragment(fragment: string): Promise<Linked> {
  const all = new URLSearchParams(fragment.replace(/^#/, ''));
  const isKnown = (name: string, value: string) => {
    const setting = SETTINGS.find(({ flag }) => flag === name);
    return setting !== undefined && (setting.choices?.some(([choice]) => choice === value) ?? true);
  };
  const fields = new Map([...all].filter(([name, value]) => isKnown(name, value)));
  const packed = all.get('config');
  const text = packed === null ? undefined : await unpacked(packed);
  const unknown = [...all.keys()].filter((name) => !fields.has(name) && name !== 'file' && name !== 'config');
  if (packed !== null && text === undefined) unknown.push('config');
  return {
    fields,
    unknown,
    ...(text === undefined ? {} : { config: { file: all.get('file') ?? 'config', text } }),
  };
}

async function unpacked(base64: string): Promise<string | undefined> {
  try {
    const bytes = atob(base64.replaceAll('-', '+').replaceAll('_', '/'));
    const packed = Uint8Array.from(bytes, (c) => c.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true }).decode(
      await through(packed, new DecompressionStream('deflate-raw')),
    );
  } catch {
    return undefined;
  }
}

async function through(bytes: Uint8Array<ArrayBuffer>, stream: CompressionStream | DecompressionStream) {
  const out = new Blob([bytes]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(out).arrayBuffer());
}
