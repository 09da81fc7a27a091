'use strict';
// Loads the files of dist/cli, and keeps what V8 compiled of them for the next run: compiling them is a third of a
// start. Node's own compile cache holds a file as it is before it runs, without the functions compiled on first use,
// which are most of them; Node 20 has none.
//
// The cache is code: whoever can write it can run as this user. So a file of it is read only if it belongs to this user
// and is closed to everyone else, and so are its folder and the place where that lies; the file is looked at once it is
// open, so that nobody can put another in its place. It is tied to the source by a checksum, and to its own bytes by
// another, since V8 takes damaged data without a look and crashes on it. It is never a reason to fail or to speak.

const {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} = require('node:fs');
const { isAbsolute, join } = require('node:path');
const { Script } = require('node:vm');
const { crc32 } = require('node:zlib');

/** Two checksums before the data: of the source, and of the data. */
const HEAD = 8;
const FOLDER = join(__dirname, '../dist/cli');
/** Node 21, and 22 before 22.2, have no checksum, and so no cache. */
const cache = crc32 && cacheFolder(process.env);
const readable = cache !== undefined && isPrivate(cache);
const loaded = new Map();
let complete = true;

/** A file of dist/cli as a CommonJS module. */
function load(name) {
  const known = loaded.get(name);
  if (known) return known.module.exports;
  const filename = join(FOLDER, name);
  const bytes = readFileSync(filename);
  const sum = cache === undefined ? 0 : crc32(bytes);
  const cachedData = kept(name, sum);
  const head = '(function (exports, require, module, __filename, __dirname) {';
  const script = new Script(`${head}${bytes.toString()}\n})`, {
    filename,
    columnOffset: -head.length,
    cachedData,
  });
  if (!cachedData || script.cachedDataRejected) complete = false;
  const module = { exports: {} };
  loaded.set(name, { module, script, sum });
  const requireFrom = (id) => (id.startsWith('./') ? load(id.slice(2)) : require(id));
  script.runInThisContext()(module.exports, requireFrom, module, filename, FOLDER);
  return module.exports;
}

/** Writes the cache where a file was loaded that it does not hold: after the run, so that it has what a run uses. */
function keep() {
  if (complete || cache === undefined) return;
  try {
    mkdirSync(cache, { recursive: true, mode: 0o700 });
    accessSync(cache, constants.W_OK);
    if (!isPrivate(cache)) return;
    for (const [name, { script, sum }] of loaded) {
      const data = script.createCachedData();
      const head = Buffer.alloc(HEAD);
      head.writeUInt32LE(sum, 0);
      head.writeUInt32LE(crc32(data), 4);
      replace(join(cache, name), Buffer.concat([head, data]));
    }
  } catch {
    // A folder that cannot be written to: the next run compiles again.
  }
}

function replace(file, bytes) {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, bytes, { flag: 'wx', mode: 0o600 });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** What was kept of a file with this checksum, if it is whole. */
function kept(name, sum) {
  if (!readable) return undefined;
  try {
    const bytes = readOwn(join(cache, name));
    const data = bytes.subarray(HEAD);
    return bytes.readUInt32LE(0) === sum && bytes.readUInt32LE(4) === crc32(data) ? data : undefined;
  } catch {
    return undefined;
  }
}

function readOwn(file) {
  const descriptor = openSync(file, 'r');
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile() || !isClosed(found)) throw new Error('not a file of this user alone');
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A folder, not a link to one, that nobody but this user can look into. */
function isPrivate(folder) {
  try {
    const found = lstatSync(folder);
    return found.isDirectory() && isClosed(found);
  } catch {
    return false;
  }
}

function isClosed({ uid, mode }) {
  return process.getuid === undefined || (uid === process.getuid() && !(mode & 0o077));
}

/**
 * Where the cache lies, for this Node and this install; undefined where the user wants none, or has no such place:
 * one that is somebody else's, as under sudo, is none.
 */
function cacheFolder({ NODE_DISABLE_COMPILE_CACHE, LOCALAPPDATA, XDG_CACHE_HOME, HOME }) {
  const place = [LOCALAPPDATA, XDG_CACHE_HOME, HOME].find((folder) => folder && isAbsolute(folder));
  if (NODE_DISABLE_COMPILE_CACHE || place === undefined || !isOwn(place)) return undefined;
  const base = place === HOME && place !== XDG_CACHE_HOME ? join(HOME, '.cache') : place;
  const install = crc32(FOLDER).toString(16);
  return join(base, 'rebatch', `${process.version}-${process.arch}-${install}`);
}

function isOwn(folder) {
  try {
    return process.getuid === undefined || statSync(folder).uid === process.getuid();
  } catch {
    return false;
  }
}

module.exports = { load, keep };
