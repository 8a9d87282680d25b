import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  expectNothingLeft,
  fixture,
  RUNNERS,
  runProcctl,
  runTasks,
  scratch,
  startProcctl,
  waitFor,
} from '../helpers/procctl.ts';

describe.concurrent('few descriptors', () => {
  it.each([[64], [40], [32]])('(ulimit -n %i) and --size 100 finish 300 tasks of all kinds', async (limit) => {
    const tasks = Array.from({ length: 300 }, (_, index) => {
      const kinds = [
        `echo ${index}`,
        ['echo', `${index}`],
        { command: 'cat', stdin: `${index}\n` },
        ['sh', '-c', `echo ${index}; : 130`],
      ];
      return kinds[index % kinds.length];
    });
    const before = `ulimit -n ${limit}`;
    const { code, stdout, stderr } = await runProcctl(['pool', '--size', '100', '-k', '-'], {
      input: JSON.stringify(tasks),
      before,
    });
    expect(stdout.toString()).toBe(tasks.map((_, index) => `${index}\n`).join(''));
    expect(code).toBe(0);
    expect(stderr).toMatch(/^procctl: \d+ at a time instead of 100: .*ulimit -n/);
  });

  it('are enough for tasks with much output, and for tasks that take a while', async () => {
    const tasks = Array.from(
      { length: 40 },
      (_, index) => `head -c 400000 /dev/zero | tr '\\0' ${index % 10}; sleep 0.05; echo`,
    );
    const options = { input: JSON.stringify(tasks), before: 'ulimit -n 40' };
    const { code, stdout } = await runProcctl(['pool', '--size', '100', '-k', '-'], options);
    expect(stdout.toString() === tasks.map((_, index) => `${String(index % 10).repeat(400_000)}\n`).join('')).toBe(
      true,
    );
    expect(code).toBe(0);
  });

  it.each(RUNNERS)(
    'are enough for tasks that leave their output open in the background: --runner %s',
    async (runner) => {
      const tasks = Array.from({ length: 60 }, (_, index) => `sleep 3600 & echo ${index}`);
      const options = { input: JSON.stringify(tasks), before: 'ulimit -n 64' };
      const { code, stdout } = await runProcctl(['pool', '--size', '4', '-k', '--runner', runner, '-'], options);
      expect(stdout.toString()).toBe(tasks.map((_, index) => `${index}\n`).join(''));
      expect(code).toBe(0);
    },
    20_000,
  );

  it('are told in one line when they are too few for anything: exit 125', async () => {
    const { code, stderr } = await runProcctl(['pool', '--quiet', '-'], {
      input: '["echo a"]',
      before: 'ulimit -n 22',
    });
    expect(code).toBe(125);
    expect(stderr).toMatch(/^procctl: cannot start a single process: [^\n]*ulimit[^\n]*\n$/);
  });
});

describe('many tasks', () => {
  const memoryOf = async (count: number): Promise<number> => {
    const report = join(scratch(), 'memory');
    const tasks = Array.from({ length: count }, (_, index) =>
      index % 10 === 0 ? ['echo', `${index}`] : `echo ${index}`,
    );
    const env = { NODE_OPTIONS: `--require ${fixture('report-memory.cjs')}`, REPORT_MEMORY: report };
    const { code, stdout } = await runProcctl(['pool', '--size', '4', '-'], { input: JSON.stringify(tasks), env });
    expect(code).toBe(0);
    const seen = stdout
      .toString()
      .trimEnd()
      .split('\n')
      .map(Number)
      .sort((a, b) => a - b);
    expect(seen).toEqual(tasks.map((_, index) => index));
    return Number(readFileSync(report, 'utf8'));
  };

  it('(20000) take at most 1.5 times the memory of 1000, and none is lost', async () => {
    const few = await memoryOf(1_000);
    expect(await memoryOf(20_000)).toBeLessThan(1.5 * few);
  });

  it('leave no descriptor, process or file open behind them while the pool goes on', async () => {
    const procctl = startProcctl(['pool', '--size', '4', '--tag', '-'], { isInputOpen: true });
    const kinds = [
      'echo a',
      ['echo', 'a'],
      { command: 'cat', stdin: 'a' },
      ['no-such-program'],
      'kill -9 $$',
      ['sh', '-c', 'exit 130'],
      'sleep 0.02',
      'head -c 300000 /dev/zero',
    ];
    let rounds = 0;
    const run = async (more: number): Promise<Record<'descriptors' | 'processes' | 'files', number>> => {
      rounds += more;
      const last = `last-${rounds}`;
      for (let round = 0; round < more; round += 1)
        procctl.stdin.write(kinds.map((task) => `${JSON.stringify(task)}\n`).join(''));
      await waitFor(() => procctl.stderr.split('\n').length > 3 * rounds, `the failures of ${rounds} rounds`, 60_000);
      procctl.stdin.write(`${JSON.stringify(['sh', '-c', 'echo "$1" >&2', 'sh', last])}\n`);
      await waitFor(() => procctl.stderr.includes(last), last);
      const [directory] = readdirSync(procctl.tmp);
      return {
        descriptors: readdirSync(`/proc/${procctl.pid}/fd`).length,
        processes: procctl.family().length,
        files: readdirSync(join(procctl.tmp, directory ?? '')).length,
      };
    };
    const early = await run(10);
    const late = await run(60);
    procctl.stdin.end();
    expectNothingLeft(await procctl.ended);
    // A few more may be there by chance: a lane being replaced, a task that is followed.
    expect(late.descriptors).toBeLessThanOrEqual(early.descriptors + 6);
    expect(late.processes).toBeLessThanOrEqual(early.processes + 2);
    expect(late.files).toBeLessThanOrEqual(early.files + 6);
  });

  it('that time out or are killed all the time do not use the pool up', async () => {
    const tasks = Array.from(
      { length: 60 },
      (_, index) =>
        [
          { command: 'sleep 3600', timeout: '30ms' },
          'kill -9 $PPID',
          { command: ['sh', '-c', 'kill -9 -$$; kill -9 0'] },
          'echo a',
        ][index % 4],
    );
    const { records } = await runTasks(tasks, { args: ['--size', '3', '--stop-timeout', '200ms'] });
    expect(records.filter(({ stdout }) => stdout === 'a\n')).toHaveLength(15);
    expect(records.filter(({ state }) => state === 'timedOut')).toHaveLength(15);
  });
});

describe('an environment with many large variables', () => {
  it('is handed on', async () => {
    const env = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`BIG_${index}`, `${index}`.padEnd(10_000, 'x')]),
    );
    const { records } = await runTasks([['printenv', 'BIG_99'], 'echo $BIG_1'], { env });
    expect(records.map(({ stdout }) => stdout)).toEqual([`${env.BIG_99}\n`, `${env.BIG_1}\n`]);
  });
});
