import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, describe, expect, it } from 'vitest';
import { bootId, readProc } from '../../src/runtime/family/proc.ts';
import { lockOwner, takeLock } from '../../src/runtime/home-lock.ts';
import { fixture, scratch, waitFor } from '../helpers/procctl.ts';

const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }
});

const start = (command: string, ...args: string[]): ChildProcess => {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  return child;
};

const targetOf = (pid: number, { ticks = 0, boot = bootId() } = {}): string =>
  `${pid}.${(readProc(pid)?.startTicks ?? 0) + ticks}.${boot}`;

const ours = (): string => targetOf(process.pid);

/** A directory whose lock 7 says `target`. */
const lockedBy = (target: string): string => {
  const directory = scratch();
  symlinkSync(target, join(directory, 'lock.7'));
  return directory;
};

const locksIn = (directory: string): string[] => readdirSync(directory).filter((name) => name.startsWith('lock.'));

/** What `cat` is: a process that lives as long as we want. */
const someone = (): number => start('cat').pid as number;

describe('the lock of a home', () => {
  it('is free at first, and ours once taken, however often we ask', () => {
    const directory = scratch();
    expect(lockOwner(directory)).toBeUndefined();
    for (let times = 0; times < 3; times += 1) expect(takeLock(directory)).toBeUndefined();
    expect(locksIn(directory)).toEqual(['lock.1']);
    expect(readlinkSync(join(directory, 'lock.1'))).toBe(ours());
    expect(lockOwner(directory)).toMatchObject({ pid: process.pid });
  });

  it('belongs to its owner as long as that lives, frozen or not', () => {
    const pid = someone();
    const directory = lockedBy(targetOf(pid));
    process.kill(pid, 'SIGSTOP');
    expect(takeLock(directory)).toMatchObject({ pid });
    expect(lockOwner(directory)).toMatchObject({ pid });
    expect(locksIn(directory)).toEqual(['lock.7']);
  });

  it('is taken over from an owner that was killed', async () => {
    const child = start('cat');
    const directory = lockedBy(targetOf(child.pid as number));
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
    expect(lockOwner(directory)).toBeUndefined();
    expect(takeLock(directory)).toBeUndefined();
    expect(locksIn(directory)).toEqual(['lock.8']);
  });

  it('is taken over from an owner that is a zombie', async () => {
    // The shell's child ends, and the program that takes the place of the shell never looks at it.
    const parent = start('/bin/sh', '-c', 'sleep 0 & echo $!; exec sleep 1000');
    const [text] = (await once(parent.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    const pid = Number(text.toString());
    await waitFor(() => readProc(pid)?.state === 'Z', 'it is a zombie');
    const directory = lockedBy(targetOf(pid));
    expect(takeLock(directory)).toBeUndefined();
  });

  it('is taken over when the pid is somebody else by now, and he is left alone', () => {
    const pid = someone();
    const directory = lockedBy(targetOf(pid, { ticks: -1 }));
    expect(lockOwner(directory)).toBeUndefined();
    expect(takeLock(directory)).toBeUndefined();
    expect(readProc(pid)).toBeDefined();
  });

  it('is taken over when it is from before the last boot', () => {
    const directory = lockedBy(targetOf(someone(), { boot: '00000000-0000-4000-8000-000000000000' }));
    expect(takeLock(directory)).toBeUndefined();
    expect(locksIn(directory)).toEqual(['lock.8']);
  });

  it.each(['x', '.', '1', '1.1', '-1.0.0', '0.0.0', 'a.b.c', '../../etc/passwd'])('is taken over from %j', (target) => {
    const directory = lockedBy(target);
    expect(takeLock(directory)).toBeUndefined();
    expect(readlinkSync(join(directory, 'lock.8'))).toBe(ours());
  });

  it('is taken over from a file that is no link, and other files do not matter', () => {
    const directory = scratch();
    for (const name of ['lock.3', 'lock.x', 'lock.', 'lock', 'lock.4.old', 'clock.9'])
      writeFileSync(join(directory, name), '');
    expect(takeLock(directory)).toBeUndefined();
    expect(readlinkSync(join(directory, 'lock.4'))).toBe(ours());
    expect(readdirSync(directory).sort()).toEqual(['clock.9', 'lock', 'lock.', 'lock.4', 'lock.4.old', 'lock.x']);
  });

  it('cannot be had where there is no directory', () => {
    const directory = join(scratch(), 'gone');
    expect(() => takeLock(directory)).toThrow('ENOENT');
    expect(lockOwner(directory)).toBeUndefined();
  });
});

describe('twenty processes that want the lock at once, killed one after the other at random', () => {
  const COUNT = 20;

  it('never own it at the same time, and never under the same number', async () => {
    const work = scratch();
    const bundle = join(work, 'take-lock.cjs');
    const owners = join(work, 'owners');
    await build({
      entryPoints: [fixture('take-lock.ts')],
      outfile: bundle,
      bundle: true,
      platform: 'node',
      format: 'cjs',
    });
    const directory = mkdtempSync(join(work, 'home-'));
    const said: { readonly pid: number; readonly number: number; readonly how: string }[] = [];
    const takers = Array.from({ length: COUNT }, () => start(process.execPath, bundle, directory, owners));
    for (const taker of takers) {
      taker.stdout?.setEncoding('utf8').on('data', (text: string) => {
        const own = /^own lock\.(\d+) (.*)$/m.exec(text);
        if (own !== null) said.push({ pid: taker.pid as number, number: Number(own[1]), how: own[2] as string });
        else if (text !== 'here\n') said.push({ pid: taker.pid as number, number: Number.NaN, how: text });
      });
    }
    await Promise.all(takers.map((taker) => once(taker.stdout as NodeJS.ReadableStream, 'data')));
    for (const taker of takers) taker.stdin?.write('go\n');
    const alive = new Set(takers);
    const kill = (taker: ChildProcess | undefined): void => {
      if (taker === undefined || !alive.delete(taker)) return;
      taker.kill('SIGKILL');
    };
    while (alive.size > 0) {
      // Now the owner, now anybody; sometimes the next one too, before he can have told that he is the owner.
      const owner = takers.find(({ pid }) => pid === said.at(-1)?.pid);
      const anybody = [...alive][Math.floor(Math.random() * alive.size)];
      const known = said.length;
      kill(Math.random() < 0.3 ? anybody : owner);
      if (Math.random() < 0.2) kill([...alive][0]);
      if (owner !== undefined && alive.has(owner)) continue;
      if (alive.size > 0)
        await waitFor(
          () => said.length > known || said.some(({ pid }) => [...alive].some((taker) => taker.pid === pid)),
          'the next one owns it',
        );
    }
    await waitFor(() => takers.every(({ signalCode }) => signalCode !== null), 'all are gone');
    expect(said.map(({ how }) => how)).toEqual(said.map(() => 'alone'));
    expect(said.length, 'it went from one to the next').toBeGreaterThan(3);
    const numbers = said.map(({ number }) => number);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    expect(readFileSync(owners, 'utf8').trim().split('\n').length).toBeGreaterThanOrEqual(said.length);
    expect(takeLock(directory), 'the dead hold nothing').toBeUndefined();
    expect(locksIn(directory)).toHaveLength(1);
  });
});
