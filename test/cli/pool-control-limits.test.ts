import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  expectNothingLeft,
  RUNNERS,
  runProcctl,
  runTasks,
  scratch,
  startProcctl,
  waitFor,
  writeScript,
} from '../helpers/procctl.ts';

const isRoot = process.getuid?.() === 0;

const refused = async (args: readonly string[], says: RegExp): Promise<void> => {
  const directory = scratch();
  const { code, stdout, stderr } = await runProcctl(['pool', ...args, '-'], { input: '["touch ran"]', cwd: directory });
  expect([code, stdout.toString(), readdirSync(directory)]).toEqual([2, '', []]);
  expect(stderr).toMatch(says);
  expect(stderr.split('\n')).toHaveLength(2);
};

describe.concurrent('--timeout with a percentage', () => {
  const quick = ['sleep 0.2', 'sleep 0.2', 'sleep 0.2'];

  it('ends a task that takes longer than that share of the median, and says the limit', async () => {
    const { code, stderr } = await runProcctl(['pool', '--size', '2', '--timeout', '300%', '-'], {
      input: JSON.stringify(['sleep 3600', ...quick]),
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^procctl: task 1 \(sleep 3600\): timed out after \d+(\.\d+)?s$/m);
  });

  it('has no limit as long as fewer than three have succeeded', async () => {
    const tasks = ['true', 'true', 'sleep 0.5', 'exit 1', 'exit 1'];
    const { records } = await runTasks(tasks, { args: ['--size', '5', '--timeout', '100%'] });
    expect(records.map(({ state }) => state)).toEqual(['succeeded', 'succeeded', 'succeeded', 'failed', 'failed']);
  });

  it('does not go below 100 ms', async () => {
    const { stderr } = await runProcctl(['pool', '--size', '1', '--timeout', '100%', '-'], {
      input: JSON.stringify(['true', 'true', 'true', 'sleep 3600']),
    });
    expect(stderr).toMatch(/^procctl: task 4 \(sleep 3600\): timed out after 0\.1s$/m);
  });

  it('leaves tasks alone that have a limit of their own', async () => {
    const tasks = [
      'true',
      'true',
      'true',
      { command: 'sleep 0.7', timeout: '1m' },
      { command: 'sleep 0.7', timeout: 0 },
    ];
    const { records } = await runTasks(tasks, { args: ['--size', '1', '--timeout', '100%'] });
    expect(records.map(({ state }) => state)).toEqual(Array(5).fill('succeeded'));
  });

  it.each(['0%', '%', '-5%'])('%s is wrong use', (text) => refused(['--timeout', text], /--timeout/));
});

describe.concurrent('--delay', () => {
  it('lets so much time pass from one start to the next, retries too', async () => {
    const file = join(scratch(), 'starts');
    const task = { command: `date +%s%N >>${file}; [ $PROCCTL_ATTEMPT = 2 ]`, retries: 1 };
    const { code } = await runProcctl(['pool', '--size', '4', '--delay', '150ms', '-'], {
      input: JSON.stringify([task, task, task]),
    });
    expect(code).toBe(0);
    const starts = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((text) => Number(BigInt(text) / 1_000_000n))
      .sort((a, b) => a - b);
    expect(starts).toHaveLength(6);
    // The time is measured in the task, which may take a while to get to it: only the whole is sure.
    expect((starts.at(-1) as number) - (starts[0] as number)).toBeGreaterThan(5 * 150 - 100);
  });

  it('does not keep procctl waiting after the last task', async () => {
    const { code } = await runProcctl(['pool', '--delay', '1h', '-'], { input: '["true"]' });
    expect(code).toBe(0);
  });
});

describe.concurrent.each(RUNNERS)('--nice, with --runner %s,', (runner) => {
  it('is added to the niceness of procctl, for tasks and what they start', async () => {
    const own = 'cut -d " " -f 19 /proc/self/stat';
    const tasks = [own, ['sh', '-c', `: 130; ${own}`], `sh -c '${own}; :'; :`];
    const { records } = await runTasks(tasks, { args: ['--nice', '7', '--runner', runner] });
    expect(records.map(({ stdout }) => stdout?.trim())).toEqual(Array(3).fill(String(getPriority() + 7)));
  });
});

describe.concurrent('--nice', () => {
  it('holds for functions, in all their threads', async () => {
    const directory = scratch();
    writeScript(
      join(directory, 'nice.mjs'),
      `import { readdirSync, readFileSync } from 'node:fs';
       const of = (task) => Number(readFileSync('/proc/self/task/' + task + '/stat', 'latin1').split(') ')[1].split(' ')[16]);
       export default () => [...new Set(readdirSync('/proc/self/task').map(of))];`,
    );
    const { stdout } = await runProcctl(['pool', '--json', '--nice', '5', '-'], {
      input: JSON.stringify([{ module: './nice.mjs' }]),
      cwd: directory,
    });
    expect(JSON.parse(stdout.toString())).toMatchObject({ result: [getPriority() + 5] });
  });

  it.each(['20', '-21', '1.5', 'x', ''])('%j is wrong use', (nice) => refused(['--nice', nice], /--nice/));

  it.skipIf(isRoot)('below 0 is for root only', () => refused(['--nice', '-1'], /only root/));
});

describe.concurrent.each(RUNNERS)('--term-seq, with --runner %s,', (runner) => {
  it('sends each signal of the sequence in its turn, and KILL at last', async () => {
    const file = join(scratch(), 'seen');
    const line = `trap 'echo int >>${file}' INT; trap 'echo term >>${file}' TERM; while :; do sleep 0.02; done`;
    const args = ['--timeout', '300ms', '--term-seq', 'INT,300ms,TERM,300,TERM,300,KILL,25', '--runner', runner];
    const { records } = await runTasks([['sh', '-c', line]], { args });
    expect(records).toMatchObject([{ state: 'timedOut', signal: 'SIGKILL' }]);
    expect(readFileSync(file, 'utf8').trim().split('\n')).toEqual(['int', 'term', 'term']);
  });
});

describe.concurrent('--term-seq', () => {
  it('holds for what is left in the background, and when procctl itself is killed', async () => {
    const directory = scratch();
    const line = `exec 2>/dev/null; trap ': >${directory}/usr1' USR1; : >${directory}/ready; while :; do sleep 0.05; done`;
    const procctl = startProcctl(['pool', '--term-seq', 'USR1,1s', '-'], {
      input: JSON.stringify([['sh', '-c', line]]),
    });
    await waitFor(() => existsSync(`${directory}/ready`), 'the task');
    procctl.signal('SIGKILL');
    await waitFor(() => procctl.family().length === 0, 'the end of all');
    expect(existsSync(`${directory}/usr1`)).toBe(true);
    await waitFor(() => readdirSync(procctl.tmp).length === 0, 'the removal of its files');
    expectNothingLeft({ ...(await procctl.ended), left: [], leftFiles: [] });
  });

  it.each(['TERM', 'NOSUCH,100,KILL', 'KILL,1,TERM,1', ''])('%j is wrong use', (text) =>
    refused(['--term-seq', text], /--term-seq/),
  );

  it('cannot be had together with --stop-timeout', () =>
    refused(['--term-seq', 'TERM,100,KILL', '--stop-timeout', '1s'], /--stop-timeout/));
});
