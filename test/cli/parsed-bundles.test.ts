import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'procctl-parsed-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** What V8 has made of bundles; they are of a run that needs these, and `main.cjs`, which is compiled like any module. */
const bundles = join(root, 'dist/cli');
const kept = readdirSync(bundles).filter((name) => name.endsWith('.cache'));
const NEEDED = ['quick-pool.lazy.cjs', 'run-pool.lazy.cjs', 'template-source.lazy.cjs'];

/** Says of each bundle that is loaded whether V8 took what was kept of it. */
const WATCH = `
const vm = require('node:vm');
const path = require('node:path');
vm.Script = class extends vm.Script {
  constructor(text, options) {
    super(text, options);
    const isTaken = options.cachedData !== undefined && this.cachedDataRejected === false;
    process.stderr.write(path.basename(options.filename) + ' ' + isTaken + '\\n');
  }
};
`;
const watch = join(scratch, 'watch.cjs');
writeFileSync(watch, WATCH);

const { NODE_OPTIONS: _, ...env } = process.env;
const runIn = (directory: string, options: readonly string[] = []) => {
  const words = ['--require', watch, ...options, join(directory, 'bin/procctl.cjs')];
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [...words, 'pool', '-q', '-k', '--', 'echo', '{}', ':::', 'a', 'b'],
    { encoding: 'utf8', env: { ...env, PROCCTL_HOME: scratch, TMPDIR: scratch } },
  );
  return {
    stdout,
    status,
    taken: Object.fromEntries(
      stderr
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ')),
    ),
  };
};

const all = (isTaken: 'true' | 'false') => Object.fromEntries(NEEDED.map((name) => [name, isTaken]));

/** A copy of the program in which what was kept of all bundles is changed. */
const copyWith = (change: (bytes: Buffer) => Uint8Array): string => {
  const copy = mkdtempSync(join(scratch, 'copy-'));
  for (const folder of ['bin', 'dist/cli']) cpSync(join(root, folder), join(copy, folder), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const name of kept) {
    const file = join(copy, 'dist/cli', name);
    writeFileSync(file, change(readFileSync(file)));
  }
  return copy;
};

const flipped = (bytes: Buffer, at: number): Buffer => {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] as number) ^ 1;
  return changed;
};

describe('what V8 has made of bundles before', () => {
  it('is kept for each that a short run of a pool needs, and is taken', () => {
    expect(runIn(root)).toEqual({ stdout: 'a\nb\n', status: 0, taken: all('true') });
  });

  it('is not taken by a V8 with other flags, which parses the text', () => {
    expect(runIn(root, ['--no-lazy'])).toEqual({ stdout: 'a\nb\n', status: 0, taken: all('false') });
  });

  it.each<[string, (bytes: Buffer) => Uint8Array]>([
    ['empty', () => Buffer.alloc(0)],
    ['cut short', (bytes) => bytes.subarray(0, bytes.length >> 1)],
    ['cut short by a byte', (bytes) => bytes.subarray(0, -1)],
    ['all zero', (bytes) => Buffer.alloc(bytes.length)],
    ['changed at its begin', (bytes) => flipped(bytes, 0)],
    ['changed in its middle', (bytes) => flipped(bytes, bytes.length >> 1)],
    ['without one of its pages', (bytes) => Buffer.from(bytes).fill(0, 8192, 12288)],
    ['of another text of that length', (bytes) => flipped(bytes, bytes.length - 5)],
  ])('is not taken if it is %s', (_title, change) => {
    expect(runIn(copyWith(change))).toEqual({ stdout: 'a\nb\n', status: 0, taken: all('false') });
  });

  it('is known by the text of its bundle', () => {
    const ids = NEEDED.map((name) => readFileSync(join(bundles, name), 'latin1').slice(-18));
    expect(ids).toEqual(NEEDED.map(() => expect.stringMatching(/^\/\/[0-9a-f]{16}$/)));
    expect(new Set(ids).size).toBe(NEEDED.length);
  });

  it('is missed by nobody who runs another version of Node', () => {
    const copy = copyWith((bytes) => bytes);
    for (const name of kept) rmSync(join(copy, 'dist/cli', name));
    expect(runIn(copy)).toEqual({ stdout: 'a\nb\n', status: 0, taken: all('false') });
    expect(execFileSync(process.execPath, [join(copy, 'bin/procctl.cjs'), '--version'], { encoding: 'utf8' })).toMatch(
      /^\d+\.\d+\.\d+\n$/,
    );
  });
});
