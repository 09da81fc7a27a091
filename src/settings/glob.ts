/**
 * Whether a path with `/` matches a glob: `*` and `?` stay within a folder, `**` spans folders, `{a,b}` is either; a glob
 * without `/` is compared with the file's name alone.
 */
export function matchesGlob(path: string, glob: string): boolean {
  const whole = glob.replace(/^\.\//, '');
  const subject = whole.includes('/') ? path : (path.split('/').at(-1) ?? path);
  return new RegExp(`^${pattern(whole)}$`).test(subject);
}

const TOKEN = /\*\*\/|\*\*|\*|\?|\{[^{}]*\}|[\s\S]/g;

function pattern(glob: string): string {
  return glob.replace(TOKEN, (token) => {
    if (token === '**/') return '(?:[^/]+/)*';
    if (token === '**') return '.*';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    if (token.length > 1) return `(?:${token.slice(1, -1).split(',').map(pattern).join('|')})`;
    return token.replace(/[.+^$()|[\]{}\\]/, '\\$&');
  });
}
