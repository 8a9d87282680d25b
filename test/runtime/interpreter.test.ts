// The disk as it is: every test has a directory of its own, and a PATH of its own.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProcctlError } from '../../src/errors.ts';
import { encodeBytes } from '../../src/protocol/bytes.ts';
import { planInvocation, type RunWish } from '../../src/runtime/interpreter.ts';
import { thisNode } from '../../src/runtime/typescript.ts';

let home: string;
let cwd: string;
let bin: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'procctl-interpreter-'));
  cwd = join(home, 'app');
  bin = join(home, 'bin');
  mkdirSync(cwd);
  mkdirSync(bin);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const file = (path: string, text = '', mode = 0o644): string => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(encodeBytes(path), text);
  chmodSync(encodeBytes(path), mode);
  return path;
};

/** An executable that a PATH lookup finds. */
const program = (name: string): string => file(join(bin, name), '#!/bin/sh\n', 0o755);

const OLD_NODE = { execPath: '/opt/node', version: '20.12.0', stripsTypes: false };

const plan = (word: string, wish: Partial<RunWish> = {}) =>
  planInvocation({
    word,
    args: [],
    isShellLine: false,
    interpreter: null,
    cwd,
    searchPath: bin,
    node: OLD_NODE,
    ...wish,
  });

const argvOf = (word: string, wish: Partial<RunWish> = {}): readonly string[] => plan(word, wish).argv;

const refusal = (word: string, wish: Partial<RunWish> = {}) => {
  try {
    plan(word, wish);
  } catch (error) {
    if (error instanceof ProcctlError) return [error.exitStatus, error.code, error.message, error.hint];
  }
  throw new Error(`${word} was not refused`);
};

describe('JavaScript', () => {
  it.each(['a.js', 'a.mjs', 'a.cjs', './a.js', 'sub/a.js'])(
    '%s is run by this Node, with its absolute path',
    (word) => {
      file(join(cwd, word), '#!/usr/bin/env deno\n', 0o755);
      expect(argvOf(word, { args: ['-x', '--', ''] })).toEqual(['/opt/node', join(cwd, word), '-x', '--', '']);
    },
  );
  it('that lies elsewhere is found by its absolute path, and by dots, which are left to the kernel', () => {
    const path = file(join(home, 'other.js'));
    expect(argvOf(path)).toEqual(['/opt/node', path]);
    expect(argvOf('../other.js')).toEqual(['/opt/node', `${cwd}/../other.js`]);
  });
  it('whose name is no UTF-8 is found', () => {
    const path = file(`${cwd}/caf\udce9.js`);
    expect(argvOf('caf\udce9.js')).toEqual(['/opt/node', path]);
  });
});

describe('TypeScript', () => {
  it.each(['a.ts', 'a.mts', 'a.cts'])('%s is run by a Node that strips types, and that is said', (word) => {
    const path = file(join(cwd, word));
    const node = { execPath: '/opt/node', version: '22.18.0', stripsTypes: true };
    const note = `${word}: run by Node 22.18.0 with its types stripped`;
    expect(plan(word, { node })).toEqual({ argv: ['/opt/node', path], note });
  });
  it.each(['22.6.0', '23.0.0'])('is run by Node %s, which has to be asked for it', (version) => {
    const path = file(join(cwd, 'a.ts'));
    const note = `a.ts: run by Node ${version} with its types stripped (--experimental-strip-types)`;
    expect(plan('a.ts', { node: { execPath: '/opt/node', version, stripsTypes: false } })).toEqual({
      argv: ['/opt/node', '--experimental-strip-types', path],
      note,
    });
  });
  it.each(['20.12.0', '22.5.1'])(
    'is run by the tsx of its project on Node %s, sooner than by one in PATH',
    (version) => {
      program('tsx');
      const tsx = file(join(home, 'app/node_modules/.bin/tsx'), '#!/bin/sh\n', 0o755);
      const path = file(join(home, 'app/src/deep/a.ts'));
      expect(plan(path, { cwd: '/', node: { ...OLD_NODE, version } })).toEqual({
        argv: [tsx, path],
        note: `${path}: run by ${tsx}`,
      });
    },
  );
  it('is run by a tsx in PATH if its project has none', () => {
    program('tsx');
    const path = file(join(cwd, 'a.ts'));
    expect(plan('a.ts')).toEqual({ argv: ['tsx', path], note: 'a.ts: run by tsx' });
  });
  it('is refused with the way out where nothing runs it', () => {
    file(join(cwd, 'a.ts'));
    expect(refusal('a.ts')).toEqual([
      127,
      'ERR_NOT_FOUND',
      'a.ts: Node 20.12.0 runs no TypeScript, and no tsx is installed',
      expect.stringContaining('npm install --save-dev tsx'),
    ]);
  });
});

describe('a script of another language', () => {
  it.each([
    ['py', 'python3'],
    ['bash', 'bash'],
    ['rb', 'ruby'],
    ['pl', 'perl'],
    ['php', 'php'],
    ['lua', 'lua'],
  ])('.%s is run by %s', (extension, interpreter) => {
    program(interpreter);
    const path = file(join(cwd, `a.${extension}`), '#!/usr/bin/env nosuch\n');
    expect(argvOf(`a.${extension}`, { args: ['x'] })).toEqual([interpreter, path, 'x']);
  });
  it('.py is run by python where there is no python3', () => {
    program('python');
    const path = file(join(cwd, 'a.py'));
    expect(argvOf('a.py')).toEqual(['python', path]);
  });
  it('.sh is run by /bin/sh', () => {
    const path = file(join(cwd, 'a.sh'), 'echo\n', 0o755);
    expect(argvOf('a.sh')).toEqual(['/bin/sh', path]);
  });
  it.each(['sh', 'py', 'rb'])('.%s runs by itself if it is executable and has a #! line', (extension) => {
    program('python3');
    program('ruby');
    const path = file(join(cwd, `a.${extension}`), '#!/bin/sh\n', 0o755);
    expect(argvOf(`a.${extension}`)).toEqual([path]);
    chmodSync(path, 0o644);
    expect(argvOf(`a.${extension}`)).toHaveLength(2);
  });
  it('is refused where its interpreter is not installed', () => {
    file(join(cwd, 'a.py'));
    expect(refusal('a.py')).toEqual([
      127,
      'ERR_NOT_FOUND',
      'a.py: needs python3, which is not in PATH',
      'install it, or name another program with --interpreter',
    ]);
  });
  it.each([
    ['#!/no/such/python\n', 'a.py: its interpreter /no/such/python is missing, or not executable'],
    ['#!/bin/sh\r\n', 'a.py: its interpreter /bin/sh\\r is missing, or not executable'],
    ['#! /usr/bin/env python9\n', 'a.py: its interpreter python9 is not in PATH'],
  ])('is refused where what %j names is not there', (shebang, message) => {
    file(join(cwd, 'a.py'), shebang, 0o755);
    expect(refusal('a.py').slice(0, 3)).toEqual([126, 'ERR_NOT_EXECUTABLE', message]);
  });
  it('is left to env where its #! line has options', () => {
    const path = file(join(cwd, 'a.py'), '#!/usr/bin/env -S nosuch -u\n', 0o755);
    expect(argvOf('a.py')).toEqual([path]);
  });
});

describe('a script that cannot be run', () => {
  it('is not there', () => {
    expect(refusal('a.js')).toEqual([127, 'ERR_NOT_FOUND', 'a.js: no such file', `looked for in ${cwd}`]);
    expect(refusal('/no/a.js')).toEqual([127, 'ERR_NOT_FOUND', '/no/a.js: no such file', undefined]);
    expect(refusal('/dev/null/a.js')[1]).toBe('ERR_NOT_FOUND');
  });
  it('is a directory', () => {
    mkdirSync(join(cwd, 'a.js'));
    expect(refusal('./a.js').slice(0, 3)).toEqual([126, 'ERR_NOT_EXECUTABLE', './a.js: is a directory']);
    expect(refusal('a.js').slice(0, 3)).toEqual([126, 'ERR_NOT_EXECUTABLE', 'a.js: is a directory']);
  });
  it('is a link in a circle', () => {
    symlinkSync('a.js', join(cwd, 'a.js'));
    expect(refusal('a.js').slice(0, 3)).toEqual([126, 'ERR_NOT_EXECUTABLE', 'a.js: ELOOP']);
  });
  it('has a name that would drive a terminal', () => {
    expect(refusal('\x1b[2J.js')[2]).toBe('\\u001b[2J.js: no such file');
  });
});

describe('a command', () => {
  it('without a slash is looked up in PATH and left as it is', () => {
    program('server');
    file(join(cwd, 'server'), '', 0o755);
    expect(argvOf('server', { args: ['-p', '1'] })).toEqual(['server', '-p', '1']);
  });
  it('that ends like a script is looked up in PATH if there is no such file', () => {
    program('job.py');
    expect(argvOf('job.py')).toEqual(['job.py']);
    program('python3');
    const path = file(join(cwd, 'job.py'));
    expect(argvOf('job.py')).toEqual(['python3', path]);
  });
  it('with a slash is that file', () => {
    file(join(cwd, 'run'), '#!/bin/sh\n', 0o755);
    expect(argvOf('./run', { args: ['x'] })).toEqual(['./run', 'x']);
  });
  it.each([
    ['nosuch', 127, 'ERR_NOT_FOUND', 'nosuch: command not found', undefined],
    ['./nosuch', 127, 'ERR_NOT_FOUND', './nosuch: no such file', undefined],
    ['here', 127, 'ERR_NOT_FOUND', 'here: command not found', 'there is a file ./here'],
    ['./here', 126, 'ERR_NOT_EXECUTABLE', './here: not executable (permission denied)', expect.stringMatching('chmod')],
    [
      './broken',
      126,
      'ERR_NOT_EXECUTABLE',
      './broken: its interpreter /no/sh is missing, or not executable',
      undefined,
    ],
    ['.', 127, 'ERR_NOT_FOUND', '.: command not found', undefined],
    ['./', 126, 'ERR_NOT_EXECUTABLE', './: is a directory', undefined],
    ['', 2, 'ERR_USAGE', 'the command is empty', undefined],
  ])('%j that cannot be run is refused with %i', (word, ...expected) => {
    file(join(cwd, 'here'));
    file(join(cwd, 'broken'), '#!/no/sh\n', 0o755);
    expect(refusal(word)).toEqual(expected);
  });
  it('needs a working directory', () => {
    const bad = (directory: string) => refusal('nosuch', { cwd: directory }).slice(0, 3);
    expect(bad('/no/where')).toEqual([126, 'ERR_CWD', 'cwd /no/where: no such directory']);
    expect(bad('/dev/null')).toEqual([126, 'ERR_CWD', 'cwd /dev/null: not a directory']);
  });
});

describe('--interpreter', () => {
  it('runs the script, with its own options in front', () => {
    program('python3');
    const path = file(join(cwd, 'a.js'));
    expect(argvOf('a.js', { interpreter: ' python3  -u -B ', args: ['-u'] })).toEqual([
      'python3',
      '-u',
      '-B',
      path,
      '-u',
    ]);
  });
  it('may be none: the file as it is', () => {
    const path = file(join(cwd, 'a.js'), '#!/bin/sh\n', 0o755);
    expect(argvOf('a.js', { interpreter: 'none' })).toEqual([path]);
    chmodSync(path, 0o644);
    expect(refusal('a.js', { interpreter: 'none' })[0]).toBe(126);
    program('server');
    expect(argvOf('server', { interpreter: 'none' })).toEqual(['server']);
  });
  it.each([
    ['nosuch', 'a.js', 127, 'nosuch: command not found'],
    ['/bin/sh', 'b.js', 127, 'b.js: no such file'],
    [' ', 'a.js', 2, '--interpreter is empty'],
  ])('%j for %s is refused with %i', (interpreter, word, status, message) => {
    file(join(cwd, 'a.js'));
    const [exitStatus, , text] = refusal(word, { interpreter });
    expect([exitStatus, text]).toEqual([status, message]);
  });
});

describe('--shell', () => {
  it('hands the line to /bin/sh as it is, and looks for nothing', () => {
    const line = 'nosuch.js; echo "$HOME"\n';
    expect(argvOf(line, { isShellLine: true })).toEqual(['/bin/sh', '-c', line]);
  });
  it('keeps a line from being taken for options', () => {
    expect(argvOf('-x', { isShellLine: true })).toEqual(['/bin/sh', '-c', '--', '-x']);
  });
  it('needs a line', () => expect(refusal(' \n', { isShellLine: true })[1]).toBe('ERR_USAGE'));
});

describe('this Node', () => {
  it('is the one that runs', () => {
    expect(thisNode()).toMatchObject({ execPath: process.execPath, version: process.version.slice(1) });
  });
});
