import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runProcctl, runTasks, scratch } from '../helpers/procctl.ts';

const statesOf = (records: readonly { readonly state: string }[]): string[] => records.map(({ state }) => state);

/** A task that counts how many of its kind are at work, and writes the highest number it saw. */
const crowd = (directory: string): string =>
  `mkdir ${directory}/$$; ls ${directory} | wc -l >>${directory}.seen; sleep 0.05; rmdir ${directory}/$$`;

describe.concurrent('--size', () => {
  const cpus = availableParallelism();

  it.each([
    ['1', 1],
    ['3', 3],
    ['50%', Math.max(1, Math.round(cpus / 2))],
    ['200%', 2 * cpus],
    ['+1', cpus + 1],
    ['-1', Math.max(1, cpus - 1)],
    ['-1000', 1],
  ] as const)('%s runs as many at a time, never more', async (size, wanted) => {
    const directory = scratch();
    const tasks = Array.from({ length: 6 * wanted }, () => crowd(directory));
    const { code } = await runProcctl(['pool', `--size=${size}`, '-'], { input: JSON.stringify(tasks) });
    expect(code).toBe(0);
    const seen = readFileSync(`${directory}.seen`, 'utf8').trim().split('\n').map(Number);
    expect(Math.max(...seen)).toBe(wanted);
  });

  it('is one for each CPU when it is left out', async () => {
    const { stdout } = await runProcctl(['pool', '-'], {
      input: JSON.stringify(Array(40).fill('sleep 0.02; echo $PROCCTL_SLOT')),
    });
    expect(new Set(stdout.toString().trim().split('\n')).size).toBe(cpus);
  });

  it.each(['0', '1.5', 'four', '', '-', '+', '0%', '%', '+50%', '1e3', '99999', '0x4', ' 4'])(
    '%j is wrong use, told in one line, and nothing is run',
    async (size) => {
      const directory = scratch();
      const { code, stdout, stderr } = await runProcctl(['pool', `--size=${size}`, '-'], {
        input: '["touch ran"]',
        cwd: directory,
      });
      expect([code, stdout.toString(), readdirSync(directory)]).toEqual([2, '', []]);
      expect(stderr).toMatch(/^procctl: [^\n]*--size[^\n]*\n$/);
    },
  );

  it('1 starts the tasks in the order of the input, each after the end of the one before', async () => {
    const file = join(scratch(), 'order');
    const tasks = Array.from({ length: 50 }, (_, index) => {
      const line = `echo b${index} >>${file}; echo e${index} >>${file}`;
      return index % 2 === 0 ? line : ['sh', '-c', line];
    });
    await runProcctl(['pool', '--size', '1', '-'], { input: JSON.stringify(tasks) });
    expect(readFileSync(file, 'utf8')).toBe(tasks.map((_, index) => `b${index}\ne${index}\n`).join(''));
  });

  it('larger than the list is fine', async () => {
    const { code, stdout } = await runProcctl(['pool', '--size', '500', '-'], { input: '["echo a"]' });
    expect([code, stdout.toString()]).toEqual([0, 'a\n']);
  });
});

describe.concurrent('--timeout', () => {
  it('ends a task that takes longer, and calls it timed out: exit 1', async () => {
    const begun = performance.now();
    const args = ['--timeout', '1s', '--stop-timeout', '20s'];
    const { records, code } = await runTasks(['sleep 60', ['sleep', '60'], 'echo a', 'sleep 60 & sleep 60'], { args });
    expect(statesOf(records)).toEqual(['timedOut', 'timedOut', 'succeeded', 'timedOut']);
    expect(records[0]).toMatchObject({ exitCode: null, signal: 'SIGTERM', error: null });
    expect(code).toBe(1);
    expect(performance.now() - begun).toBeLessThan(16_000);
  });

  it('calls a task timed out even if it then ends well', async () => {
    const { records } = await runTasks([`trap 'echo bye; exit 0' TERM; sleep 60 & wait`], {
      args: ['--timeout', '1s'],
    });
    expect(records[0]).toMatchObject({ state: 'timedOut', exitCode: 0, stdout: 'bye\n' });
  });

  it('kills what does not heed TERM once --stop-timeout has passed', async () => {
    const args = ['--timeout', '800ms', '--stop-timeout', '300ms'];
    const { records } = await runTasks(
      [`trap '' TERM; echo on; while :; do sleep 1; done`, ['sh', '-c', `trap '' TERM; sleep 60; sleep 60`]],
      { args },
    );
    expect(records).toMatchObject([
      { state: 'timedOut', signal: 'SIGKILL', stdout: 'on\n' },
      { state: 'timedOut', signal: 'SIGKILL' },
    ]);
    for (const { durationMs } of records) {
      expect(durationMs).toBeGreaterThanOrEqual(1_090);
      expect(durationMs).toBeLessThan(4_000);
    }
  });

  it('of a task goes before that of the command line', async () => {
    const tasks = [{ command: 'sleep 0.6', timeout: 0 }, { command: 'sleep 60', timeout: '200ms' }, 'sleep 60'];
    const { records } = await runTasks(tasks, { args: ['--timeout', '0.3'] });
    expect(statesOf(records)).toEqual(['succeeded', 'timedOut', 'timedOut']);
  });

  it.each(['60d', '0', '1000d', '2147483648ms'])('of %s does not fire at once', async (limit) => {
    const { records, code, stderr } = await runTasks(['sleep 0.2', { command: 'sleep 0.2', timeout: limit }], {
      args: ['--timeout', limit],
    });
    expect(statesOf(records)).toEqual(['succeeded', 'succeeded']);
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('Warning')]);
  });

  it('counts for each try, and a try that timed out is tried again', async () => {
    const { records } = await runTasks(['[ $PROCCTL_ATTEMPT = 2 ] || sleep 60'], {
      args: ['--timeout', '1s', '--retries', '1'],
    });
    expect(records[0]).toMatchObject({ state: 'succeeded', attempts: 2 });
  });

  it('ends a task that has stopped itself', async () => {
    const args = ['--timeout', '600ms', '--stop-timeout', '300ms'];
    const tasks = [
      'kill -STOP $$',
      ['sh', '-c', 'kill -STOP $$'],
      `sh -c 'trap "" TERM; kill -STOP $$; sleep 60'`,
      { command: 'echo fine', timeout: 0 },
    ];
    const { records, code } = await runTasks(tasks, { args });
    expect(statesOf(records)).toEqual(['timedOut', 'timedOut', 'timedOut', 'succeeded']);
    expect(code).toBe(1);
  });

  it.each(['soon', '-1', '1w', '5 s', '', 'NaN', 'Infinity'])('%j is wrong use', async (limit) => {
    const { code, stderr, stdout } = await runProcctl(['pool', `--timeout=${limit}`, '-'], { input: '["echo a"]' });
    expect([code, stdout.toString()]).toEqual([2, '']);
    expect(stderr).toMatch(/^procctl: [^\n]*--timeout[^\n]*expected a duration[^\n]*\n$/);
  });
});

describe.concurrent('--retries', () => {
  it('tries again as often as it says, with the number of the try in PROCCTL_ATTEMPT', async () => {
    const file = join(scratch(), 'tries');
    const tasks = [`echo $PROCCTL_ATTEMPT >>${file}; exit 7`];
    const { code, stderr } = await runProcctl(['pool', '--retries', '3', '-'], { input: JSON.stringify(tasks) });
    expect(readFileSync(file, 'utf8')).toBe('1\n2\n3\n4\n');
    expect(code).toBe(1);
    expect(stderr).toMatch(/exit code 7, trying again.*\(attempt 2 of 4\)/);
    expect(stderr).toMatch(/exit code 7 after 4 attempts/);
  });

  it('stops with the first success: exit 0', async () => {
    const { records, code } = await runTasks(['[ $PROCCTL_ATTEMPT = 3 ]', ['sh', '-c', '[ $PROCCTL_ATTEMPT = 2 ]']], {
      args: ['--retries', '5'],
    });
    expect(records.map(({ attempts }) => attempts)).toEqual([3, 2]);
    expect(code).toBe(0);
  });

  it('tries again what could not be started', async () => {
    const directory = scratch();
    const late = join(directory, 'late');
    const tasks = [{ command: [late], retries: 1 }, { command: `printf '#!/bin/sh\\n' >${late}; chmod +x ${late}` }];
    const { records } = await runTasks(tasks, { args: ['--size', '1'] });
    expect(records[0]?.attempts).toBe(2);
  });

  it.each(['-1', '1.5', 'x', ''])('%j is wrong use', async (retries) => {
    const { code, stderr } = await runProcctl(['pool', `--retries=${retries}`, '-'], { input: '["echo a"]' });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^procctl: [^\n]*--retries[^\n]*\n$/);
  });
});

describe.concurrent('--halt', () => {
  const five = (third: string): string[] => ['true', 'true', third, 'true', 'true'];

  it('never runs everything, whatever fails: exit 1', async () => {
    const { records, code } = await runTasks(five('exit 3'), { args: ['--halt', 'never', '--size', '1'] });
    expect(statesOf(records)).toEqual(['succeeded', 'succeeded', 'failed', 'succeeded', 'succeeded']);
    expect(code).toBe(1);
  });

  it('soon,fail=1 starts nothing more, and lets finish what runs', async () => {
    const go = join(scratch(), 'go');
    const tasks = [
      `until [ -e ${go} ]; do sleep 0.01; done; echo whole`,
      `(sleep 0.3; : >${go}) & exit 1`,
      'echo c',
      'echo d',
    ];
    const { records, code } = await runTasks(tasks, { args: ['--halt', 'soon,fail=1', '--size', '2'] });
    expect(records[0]).toMatchObject({ state: 'succeeded', stdout: 'whole\n' });
    expect(statesOf(records).slice(1)).toEqual(['failed', 'cancelled', 'cancelled']);
    expect(code).toBe(1);
  });

  it('now,fail=1 ends what runs as well', async () => {
    const file = join(scratch(), 'a');
    const tasks = [
      `trap 'echo bye; exit 5' TERM; : >${file}; sleep 60 & wait`,
      `until [ -e ${file} ]; do sleep 0.01; done; exit 1`,
      'echo c',
    ];
    const { records, code } = await runTasks(tasks, { args: ['--halt', 'now,fail=1', '--size', '2'] });
    expect(records).toMatchObject([
      { state: 'cancelled', exitCode: 5, stdout: 'bye\n' },
      { state: 'failed', exitCode: 1 },
      { state: 'cancelled', attempts: 0 },
    ]);
    expect(code).toBe(1);
  });

  it('soon,fail=N waits for the Nth failure, timeouts included', async () => {
    const tasks = ['exit 1', { command: 'sleep 60', timeout: '100ms' }, 'true', ['no-such-program'], 'true'];
    const { records } = await runTasks(tasks, { args: ['--halt', 'soon,fail=3', '--size', '1'] });
    expect(statesOf(records)).toEqual(['failed', 'timedOut', 'succeeded', 'failed', 'cancelled']);
  });

  it('soon,success=1 and now,success=1 end with the first success: exit 0', async () => {
    const soon = await runTasks(['exit 1', 'true', 'true'], { args: ['--halt', 'soon,success=1', '--size', '1'] });
    expect([statesOf(soon.records), soon.code]).toEqual([['failed', 'succeeded', 'cancelled'], 0]);
    const now = await runTasks(['sleep 60', 'sleep 0.2', 'true'], { args: ['--halt', 'now,success=1', '--size', '2'] });
    expect([statesOf(now.records), now.code]).toEqual([['cancelled', 'succeeded', 'cancelled'], 0]);
  });

  it('success=N that is never reached is not success', async () => {
    const { code } = await runTasks(['exit 1', 'exit 1'], { args: ['--halt', 'now,success=1'] });
    expect(code).toBe(1);
  });

  it.each(['soon,fail=40%', 'now,fail=40%'])('%s counts in percent of all tasks', async (rule) => {
    const tasks = ['exit 1', 'true', 'exit 1', 'true', 'true'];
    const { records } = await runTasks(tasks, { args: ['--halt', rule, '--size', '1'] });
    expect(statesOf(records)).toEqual(['failed', 'succeeded', 'failed', 'cancelled', 'cancelled']);
  });

  it('does not try again what failed once the rule is reached', async () => {
    const { records } = await runTasks(['exit 1', 'sleep 0.3; exit 1'], {
      args: ['--halt', 'now,fail=1', '--size', '2', '--retries', '0'],
    });
    expect(records[1]?.attempts).toBe(1);
  });

  it.each([
    'soon',
    'fail=1',
    'soon,fail',
    'soon,fail=0',
    'now,fail=101%',
    'later,fail=1',
    'soon,done=1',
    'soon, fail=1',
    '',
  ])('%j is wrong use', async (rule) => {
    const { code, stderr, stdout } = await runProcctl(['pool', `--halt=${rule}`, '-'], { input: '["echo a"]' });
    expect([code, stdout.toString()]).toEqual([2, '']);
    expect(stderr).toMatch(/^procctl: [^\n]*--halt[^\n]*\n$/);
  });
});

describe.concurrent('exit codes', () => {
  it('are 0 when all succeeded, and 1 when any task failed, be it 256 of them', async () => {
    expect((await runProcctl(['pool', '-'], { input: '["true"]' })).code).toBe(0);
    const { code, stderr } = await runProcctl(['pool', '--size', '8', '-'], {
      input: JSON.stringify(Array(256).fill('false')),
    });
    expect(code).toBe(1);
    expect(stderr).toContain('256 failed');
  });
});

describe.concurrent('standard error', () => {
  it('tells each failure and a summary, and nothing else', async () => {
    const tasks = [
      'echo a',
      { id: 'x', name: 'the bad one', command: 'exit 3' },
      { command: 'kill -9 $$' },
      ['no-such-program'],
      { command: 'sleep 9', timeout: '100ms' },
    ];
    const { stderr } = await runProcctl(['pool', '--size', '1', '-'], { input: JSON.stringify(tasks) });
    const lines = stderr.trimEnd().split('\n');
    expect(lines.slice(0, -1)).toEqual([
      'procctl: task x (the bad one): exit code 3',
      'procctl: task 3 (kill -9 $$): ended by SIGKILL',
      'procctl: task 4 (no-such-program): no-such-program: command not found',
      expect.stringMatching(/^procctl: task 5 \(sleep 9\): timed out after \S+$/),
    ]);
    expect(lines.at(-1)).toMatch(/^procctl: 5 tasks: 1 succeeded, 3 failed, 1 timed out in \S+$/);
  });

  it('is silent with --quiet, but for the errors', async () => {
    expect((await runProcctl(['pool', '--quiet', '-'], { input: '["exit 1"]' })).stderr).toBe('');
    expect((await runProcctl(['pool', '-q', '-'], { input: '["exit 1"' })).stderr).toMatch(
      /^procctl: \(standard input\)/,
    );
  });

  it('is never redrawn nor coloured when it is no terminal', async () => {
    const { stderr } = await runProcctl(['pool', '--color', 'always', '-'], {
      input: '["sleep 0.3", "exit 1"]',
      env: { FORCE_COLOR: '1' },
    });
    expect(stderr).not.toMatch(/\x1b|\r/);
  });

  it('shows how far the pool is with --progress plain', async () => {
    const { stderr } = await runProcctl(['pool', '--progress', 'plain', '--size', '1', '-'], {
      input: '["true", "sleep 1.5"]',
    });
    expect(stderr).toMatch(/^procctl: 1\/2 done, 1 running.*$/m);
  });
});
