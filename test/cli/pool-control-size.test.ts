import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  expectNothingLeft,
  type RunningProcctl,
  runProcctl,
  scratch,
  startProcctl,
  waitFor,
} from '../helpers/procctl.ts';

/** A pool whose tasks each make a directory and wait until they are let go; so the directories are what is at work. */
const begin = (
  size: string,
  directory: string,
  options: { readonly before?: string; readonly args?: string[] } = {},
) => {
  const at = join(directory, 'at-work');
  mkdirSync(at);
  const line = `mkdir ${at}/$PROCCTL_TASK_ID; until [ -e ${directory}/go ]; do sleep 0.02; done; rmdir ${at}/$PROCCTL_TASK_ID`;
  const { before, args = [] } = options;
  const procctl = startProcctl(['pool', '--size', size, ...args, '-'], {
    input: JSON.stringify(Array(12).fill(line)),
    cwd: directory,
    ...(before === undefined ? {} : { before }),
  });
  return { procctl, atWork: () => readdirSync(at).length };
};

const finish = async (procctl: RunningProcctl, directory: string): Promise<void> => {
  writeFileSync(join(directory, 'go'), '');
  const ended = await procctl.ended;
  expect(ended.code).toBe(0);
  expectNothingLeft(ended);
};

describe.concurrent('SIGUSR1 and SIGUSR2', () => {
  it('have one more at a time, and one less; each is told', async () => {
    const directory = scratch();
    const { procctl, atWork } = begin('1', directory);
    await waitFor(() => atWork() === 1, 'the first task');
    procctl.signal('SIGUSR1');
    await waitFor(() => atWork() === 2, 'the second task');
    await waitFor(() => procctl.stderr === 'procctl: 2 at a time\n', 'the word on it');
    procctl.signal('SIGUSR2');
    await waitFor(() => procctl.stderr.endsWith('procctl: 1 at a time\n'), 'the word on it');
    await finish(procctl, directory);
  });

  it('are not told with --quiet, and heeded all the same', async () => {
    const directory = scratch();
    const { procctl, atWork } = begin('1', directory, { args: ['--quiet'] });
    await waitFor(() => atWork() === 1, 'the first task');
    procctl.signal('SIGUSR1');
    await waitFor(() => atWork() === 2, 'the second task');
    expect(procctl.stderr).toBe('');
    await finish(procctl, directory);
  });

  it('do not grow beyond what there are descriptors for', async () => {
    const directory = scratch();
    const { procctl, atWork } = begin('2', directory, { before: 'ulimit -n 58' });
    await waitFor(() => atWork() === 2, 'two tasks');
    const more = async (): Promise<boolean> => {
      const { length } = procctl.stderr;
      procctl.signal('SIGUSR1');
      await waitFor(() => procctl.stderr.length > length, 'the word on it');
      return !procctl.stderr.includes('instead of');
    };
    while (await more());
    expect(procctl.stderr).toMatch(/^procctl: (\d+) at a time instead of \d+: too few open files allowed/m);
    await finish(procctl, directory);
  });
});

describe.concurrent('--size with a file', () => {
  it('is read again when it changes, is replaced, or stands elsewhere', async () => {
    const directory = scratch();
    const file = join(directory, 'size');
    writeFileSync(file, '1\n');
    const { procctl, atWork } = begin('size', directory);
    await waitFor(() => atWork() === 1, 'the first task');
    writeFileSync(file, '3\n');
    await waitFor(() => atWork() === 3, 'three tasks');
    writeFileSync(`${file}.new`, '5');
    renameSync(`${file}.new`, file);
    await waitFor(() => atWork() === 5, 'five tasks');
    rmSync(file);
    writeFileSync(`${file}.other`, `+${6 - availableParallelism()}`);
    symlinkSync(`${file}.other`, file);
    if (availableParallelism() < 6) await waitFor(() => atWork() === 6, 'six tasks');
    expect(procctl.stderr).toMatch(/^procctl: 3 at a time\nprocctl: 5 at a time\n/);
    await finish(procctl, directory);
  });

  it('stays what it was while the file holds no size, which is told once', async () => {
    const directory = scratch();
    const file = join(directory, 'size');
    writeFileSync(file, '2');
    const { procctl, atWork } = begin('./size', directory);
    await waitFor(() => atWork() === 2, 'two tasks');
    writeFileSync(file, 'many');
    await waitFor(() => procctl.stderr.includes('still 2 at a time'), 'the word on it');
    expect(procctl.stderr).toMatch(/^procctl: size file \S+: pool size must be [^\n]*"many"; still 2 at a time\n$/);
    writeFileSync(file, '3');
    await waitFor(() => atWork() === 3, 'three tasks');
    expect(procctl.stderr.match(/still/g)).toHaveLength(1);
    await finish(procctl, directory);
  });

  it.each([
    ['empty', ''],
    ['words', 'four'],
    ['zero', '0'],
    ['long', '1'.repeat(1000)],
  ])('is wrong use when there is no size in it: %s', async (_kind, text) => {
    const directory = scratch();
    writeFileSync(join(directory, 'size'), text);
    const { code, stderr } = await runProcctl(['pool', '--size', 'size', '-'], {
      input: '["touch ran"]',
      cwd: directory,
    });
    expect([code, readdirSync(directory)]).toEqual([2, ['size']]);
    expect(stderr).toMatch(/^procctl: [^\n]*--size[^\n]*size file [^\n]*\n$/);
  });

  it.each(['./nosuch', '.', '/dev/zero'])('is wrong use when %s is no file to read', async (path) => {
    const { code, stderr } = await runProcctl(['pool', '--size', path, '-'], { input: '["touch ran"]' });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^procctl: [^\n]*--size[^\n]*size file [^\n]*\n$/);
  });
});
