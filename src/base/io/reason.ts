/** Why the system refused to read or write, in words. */
export function reasonOf(error: NodeJS.ErrnoException): string {
  return KNOWN.get(error.code) ?? error.message;
}

const KNOWN: ReadonlyMap<string | undefined, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['EISDIR', 'it is a folder'],
  ['EACCES', 'permission denied'],
  ['ENOTDIR', 'a part of its path is not a folder'],
  ['EROFS', 'the file system is read-only'],
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the quota of the disk is used up'],
  ['EPIPE', 'nobody reads it any more'],
]);
