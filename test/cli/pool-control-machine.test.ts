import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RUNNERS, runProcctl, runTasks, scratch, writeScript } from '../helpers/procctl.ts';

const refused = async (args: readonly string[], says: RegExp): Promise<void> => {
  const directory = scratch();
  const { code, stderr } = await runProcctl(['pool', ...args, '-'], { input: '["touch ran"]', cwd: directory });
  expect([code, readdirSync(directory)]).toEqual([2, []]);
  expect(stderr).toMatch(says);
  expect(stderr.split('\n')).toHaveLength(2);
};

/** A program of Node that takes so many MiB and keeps them. */
const eat = (megabytes: number): string =>
  `const all = []; for (let i = 0; i < ${megabytes}; i += 1) all.push(Buffer.alloc(2 ** 20, 1)); setInterval(() => all.length, 1000);`;

describe.concurrent.each(RUNNERS)('--memory-max, with --runner %s,', (runner) => {
  it('kills a task whose processes use more together, and says how much; the others go on', async () => {
    const node = `${process.execPath} -e '${eat(80)}'`;
    const tasks = [
      { name: 'alone', command: [process.execPath, '-e', eat(300)] },
      { name: 'together', command: `${node} & ${node} & ${node} & wait` },
      { name: 'small', command: 'sleep 1; echo small' },
    ];
    const { records, code } = await runTasks(tasks, { args: ['--memory-max', '250M', '--runner', runner] });
    expect(code).toBe(1);
    expect(records.map(({ state, error }) => [state, error?.code])).toEqual([
      ['failed', 'ERR_MEMORY_MAX'],
      ['failed', 'ERR_MEMORY_MAX'],
      ['succeeded', undefined],
    ]);
    for (const { error } of records.slice(0, 2)) {
      expect(error?.message).toMatch(/^used \d+M of memory, more than 250M \(--memory-max\)$/);
    }
  });
});

describe.concurrent('--memory-max', () => {
  it('holds for functions, whose workers are replaced; retries are made as for other failures', async () => {
    const directory = scratch();
    writeScript(
      join(directory, 'eat.mjs'),
      `import { setTimeout as sleep } from 'node:timers/promises';
       export const small = () => 1;
       export const large = async () => { const all = []; for (let i = 0; i < 300; i += 1) all.push(Buffer.alloc(2 ** 20, 1)); await sleep(60000); return all.length; };`,
    );
    const tasks = [
      { module: './eat.mjs', export: 'large', retries: 1 },
      { module: './eat.mjs', export: 'small' },
    ];
    const { records } = await runTasks(tasks, { args: ['--memory-max', '250M', '--size', '1'], cwd: directory });
    expect(records).toMatchObject([
      { state: 'failed', attempts: 2, error: { code: 'ERR_MEMORY_MAX' } },
      { state: 'succeeded' },
    ]);
  });

  it.each(['0', 'x', '-1', ''])('%j is wrong use', (size) => refused(['--memory-max', size], /--memory-max/));
});

describe.concurrent('--memfree', () => {
  it('runs one task at a time while less is free than is wanted, and tells once', async () => {
    const directory = scratch();
    const line = `mkdir ${directory}/$PROCCTL_TASK_ID; ls ${directory} | wc -l; sleep 0.1; rmdir ${directory}/$PROCCTL_TASK_ID`;
    const { code, stdout, stderr } = await runProcctl(['pool', '--size', '4', '--memfree', '1000T', '-'], {
      input: JSON.stringify(Array(5).fill(line)),
    });
    expect(code).toBe(0);
    expect(stdout.toString()).toBe('1\n'.repeat(5));
    expect(stderr.match(/^procctl: new starts are held back: \S+ of memory free, wanted 1000T$/gm)).toHaveLength(1);
  });

  it.each(['0', 'x'])('%j is wrong use', (size) => refused(['--memfree', size], /--memfree/));
});

describe.concurrent('--load', () => {
  it('runs one task at a time on a machine that is too busy, and all in the end', async () => {
    const { code, stdout } = await runProcctl(['pool', '--size', '4', '--load', '0.001', '-'], {
      input: JSON.stringify(Array.from({ length: 6 }, (_, index) => `echo ${index}`)),
    });
    expect(code).toBe(0);
    expect(stdout.toString().trim().split('\n').sort()).toEqual(['0', '1', '2', '3', '4', '5']);
  });

  it('holds nothing back on a machine with room', async () => {
    const directory = scratch();
    const tasks = Array.from(
      { length: 4 },
      (_, index) => `: >${directory}/${index}; until [ "$(ls ${directory} | wc -l)" = 4 ]; do sleep 0.02; done`,
    );
    const { code, stderr } = await runProcctl(['pool', '--size', '4', '--load', '100000%', '-'], {
      input: JSON.stringify(tasks),
    });
    expect(code).toBe(0);
    expect(stderr).not.toContain('held back');
  });

  it.each(['0', '-1', 'x', '0%', ''])('%j is wrong use', (load) => refused(['--load', load], /--load/));
});
