/**
 * A smaller text that still does what a larger one does: pieces are left out, large ones first, as long as it does.
 * @param tries most texts that are tried
 */
export async function reduced(
  text: string,
  does: (text: string) => Promise<boolean>,
  tries = 600,
): Promise<string> {
  let left = tries;
  let now = text;
  for (const split of [/(?<=\n)/, /(?=[\s,[\]{}()"'#&*!|>:?-])/, /(?:)/u]) {
    let parts = now.split(split);
    for (
      let size = Math.ceil(parts.length / 2);
      size >= 1 && left > 0;
      size = size === 1 ? 0 : Math.ceil(size / 2)
    ) {
      for (let at = 0; at < parts.length && left > 0; left--) {
        const without = [...parts.slice(0, at), ...parts.slice(at + size)];
        if (without.length > 0 && (await does(without.join('')))) parts = without;
        else at += size;
      }
    }
    now = parts.join('');
  }
  return now;
}
