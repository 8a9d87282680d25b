#!/usr/bin/env -S node --
// `--` above: else Node 20 takes an --env-file among our arguments for its own.
'use strict';
const { readFileSync } = require('node:fs');

// V8 takes longer to parse the bundles than they take to run. Beside those that have to start quickly, the build puts what V8 has made
// of them (see scripts/keep-parsed.cjs), for its own version of V8. Where there is none, the text is parsed as ever.
const DIRECTORY = `${__dirname.slice(0, -'bin'.length)}dist/cli`;
const KIND = `${process.versions.v8}-${process.arch}`;

/** Too short to gain anything: it takes as long to read what V8 has made of it. */
const MAIN = 'main.cjs';

/** As each bundle ends: a name for its text. */
const ID_CHARS = 16;

/** As in scripts/keep-parsed.cjs. */
const sumOf = (words) => {
  let sum = 0;
  for (let at = 0; at < words.length; at += 1) sum = (Math.imul(sum, 31) + words[at]) | 0;
  return sum;
};

/** What V8 has made of this text; V8 itself would not notice that it is damaged, or of another text of that length. */
const parsedBefore = (file, text) => {
  try {
    const bytes = readFileSync(`${file}.${KIND}.cache`);
    const end = bytes.length - ID_CHARS - 4;
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, end / 4);
    const isWhole = bytes.latin1Slice(end, end + ID_CHARS) === text.slice(-ID_CHARS);
    return isWhole && bytes.readInt32LE(end + ID_CHARS) === sumOf(words) ? bytes.subarray(0, end) : undefined;
  } catch {
    return undefined;
  }
};

const loaded = new Map();

/** What `require` would give, of a bundle of that directory. */
const load = (path) => {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const known = loaded.get(name);
  if (known !== undefined) return known.exports;
  const filename = `${DIRECTORY}/${name}`;
  // Not as latin1, although bundles are ASCII: for this encoding, Node reads without what else it would have to load.
  const text = readFileSync(filename, 'utf8');
  const run = name === MAIN ? compiled(text, filename) : restored(text, filename);
  const bundle = { exports: {} };
  loaded.set(name, bundle);
  run(bundle.exports, requireOrLoad, bundle, filename, DIRECTORY);
  return bundle.exports;
};

const wrapped = (text) => `(function(exports,require,module,__filename,__dirname){${text}\n})`;

/** In the way in which this very file was compiled: what that takes is loaded, and has run once. */
const compiled = (text, filename) => {
  const compiler = new module.constructor(filename);
  compiler._compile(`module.exports=${wrapped(text)}`, filename);
  return compiler.exports;
};

const restored = (text, filename) => {
  const vm = require('node:vm');
  const script = new vm.Script(wrapped(text), { filename, cachedData: parsedBefore(filename, text) });
  return script.runInThisContext();
};

// Bundles need each other, and modules of Node.
const ofNode = require;
const requireOrLoad = (name) => (name.startsWith('./') ? load(name) : ofNode(name));

load('../dist/cli/main.cjs');
