import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callerDirectory, callerEnv, parseEnviron } from '../../src/runtime/caller-env.ts';

describe('the environment as the kernel keeps it', () => {
  it('is read byte for byte, in order', () => {
    const bytes = Buffer.from('A=1\0B=a=b\nc\0CAF=\xe9\0EMPTY=\0__proto__=x\0', 'latin1');
    expect([...parseEnviron(bytes)]).toEqual([
      ['A', '1'],
      ['B', 'a=b\nc'],
      ['CAF', '\udce9'],
      ['EMPTY', ''],
      ['__proto__', 'x'],
    ]);
  });
  it('has the first value of a name that comes twice, as getenv has', () => {
    expect([...parseEnviron(Buffer.from('A=1\0A=2\0'))]).toEqual([['A', '1']]);
  });
  it('is free of what is no assignment', () => {
    expect([...parseEnviron(Buffer.from('junk\0=C:\0A=1\0'))]).toEqual([['A', '1']]);
    expect([...parseEnviron(Buffer.from(''))]).toEqual([]);
  });
});

/** A program that says what its caller handed over. It is started by a shell, which can pass any bytes. */
let folder: string;
let program: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'procctl-caller-'));
  program = join(folder, 'caller.cjs');
  const contents = `import { callerArguments, callerDirectory, callerEnv } from './src/runtime/caller-env.ts';
    process.stdout.write(JSON.stringify([callerEnv(), callerArguments(), callerDirectory()]));`;
  const resolveDir = fileURLToPath(new URL('../..', import.meta.url));
  await build({ stdin: { contents, resolveDir }, bundle: true, outfile: program, platform: 'node', format: 'cjs' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const handedOver = (command: string): [env: unknown, args: unknown, directory: unknown] => {
  const env = { NODE: process.execPath, PROGRAM: program };
  return JSON.parse(execFileSync('/bin/sh', ['-c', command], { env, cwd: folder, encoding: 'utf8' }));
};

describe('what the caller handed over', () => {
  it("keeps bytes that are not UTF-8, and leaves procctl's own variables out", () => {
    const own = ['MARK', 'ID', 'NAME', 'INSTANCE', 'SLOT', 'ATTEMPT', 'TASK_ID', 'TASK_SEQ', 'TASK_ANYTHING'];
    const variables = own.map((name) => `PROCCTL_${name}=x`).join(' ');
    const others = `RAW="$(printf 'caf\\351')" PROCCTL_HOME=/h PROCCTL_IDLE=1 PROCCTL_MARKS=2`;
    const [env] = handedOver(`exec env -i ${variables} ${others} "$NODE" "$PROGRAM"`);
    expect(env).toEqual({ RAW: 'caf\udce9', PROCCTL_HOME: '/h', PROCCTL_IDLE: '1', PROCCTL_MARKS: '2' });
  });
  it('has the arguments byte for byte', () => {
    const [, args] = handedOver(`exec "$NODE" --no-warnings "$PROGRAM" a "$(printf 'caf\\351')" '' "é" -- -x`);
    expect(args).toEqual(['a', 'caf\udce9', '', 'é', '--', '-x']);
  });
  it('has no arguments where there are none', () => {
    expect(handedOver('exec "$NODE" "$PROGRAM"')[1]).toEqual([]);
  });
  it('has a directory whose name is no UTF-8', () => {
    const [, , directory] = handedOver(`dir="$(printf 'd\\351')"; mkdir "$dir"; cd "$dir"; exec "$NODE" "$PROGRAM"`);
    expect(directory).toBe(`${folder}/d\udce9`);
  });
  it('is this process here', () => {
    expect(callerDirectory()).toBe(process.cwd());
    expect(callerEnv().PATH).toBe(process.env.PATH);
  });
});
