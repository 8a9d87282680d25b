import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  bytesOf,
  expectNothingLeft,
  type ProcctlOptions,
  recordsOf,
  runProcctl,
  scratch,
  startProcctl,
  statusOf,
  waitFor,
} from '../helpers/procctl.ts';
import { hasRedis, TestRedis, withRedis } from '../helpers/redis.ts';

let redis: TestRedis;
let queues = 0;
beforeAll(async () => {
  if (hasRedis) redis = await TestRedis.start();
});
afterAll(() => redis?.end('SIGKILL'));

/** A queue of a test's own, with a worker. */
const withWorker = async (
  use: (
    run: (tasks: readonly unknown[], ...args: string[]) => ReturnType<typeof runPool>,
    queue: string,
  ) => Promise<void>,
  args: readonly string[] = [],
  options: ProcctlOptions = {},
): Promise<void> => {
  queues += 1;
  const queue = `q${queues}`;
  const worker = await redis.worker(['--queue', queue, '--size', '4', ...args], options);
  try {
    await use((tasks, ...more) => runPool(queue, tasks, more), queue);
    worker.signal('SIGTERM');
    const ended = await worker.ended;
    expect(ended.code).toBe(0);
    expectNothingLeft(ended);
  } finally {
    await worker.discard();
  }
};

const runPool = async (queue: string, tasks: readonly unknown[], args: readonly string[], cwd = tmpdir()) => {
  const ended = await runProcctl(['pool', '--on', redis.url, '--queue', queue, '--json', ...args, '-'], {
    input: JSON.stringify(tasks),
    cwd,
  });
  expect(redis.leftKeys(queue).filter((key) => key.includes(`:${queue}:`))).toEqual([]);
  return { ...ended, records: recordsOf(ended.stdout).sort((a, b) => a.seq - b.seq) };
};

describe.runIf(hasRedis)('a pool on Redis', { concurrent: true }, () => {
  it('runs a list on a worker: exit codes, signals, errors, variables, standard input and the host are told', async () => {
    await withWorker(async (run) => {
      const { code, records } = await run([
        'echo out; echo err >&2',
        'exit 7',
        'kill -TERM $$',
        ['no-such-program-anywhere'],
        {
          command: 'cat; echo "$A $PROCCTL_TASK_SEQ $PROCCTL_TASK_ID $PROCCTL_ATTEMPT"',
          id: 'x',
          stdin: 'in ',
          env: { A: 'b' },
        },
        { command: ['pwd'], cwd: '/' },
      ]);
      expect(code).toBe(1);
      expect(
        records.map(({ state, exitCode, signal, error, stdout }) => [state, exitCode, signal, error?.code, stdout]),
      ).toEqual([
        ['succeeded', 0, null, undefined, 'out\n'],
        ['failed', 7, null, undefined, ''],
        ['failed', null, 'SIGTERM', undefined, ''],
        ['failed', null, null, 'ERR_NOT_FOUND', ''],
        ['succeeded', 0, null, undefined, 'in b 5 x 1\n'],
        ['succeeded', 0, null, undefined, '/\n'],
      ]);
      expect(records[0]).toMatchObject({ host: hostname(), stderr: 'err\n' });
    });
  });
  it('brings bytes exactly: a megabyte of anything, both streams in their order, names that are not UTF-8', async () => {
    const directory = scratch();
    const bytes = randomBytes(1_000_000);
    writeFileSync(join(directory, 'bytes'), bytes);
    await withWorker(async (run) => {
      const { records } = await run([
        ['cat', join(directory, 'bytes')],
        ['sh', '-c', `cat ${directory}/bytes >&2; echo end`],
        ['printf', '\udcff\udc80|%s', '€'],
      ]);
      expect(bytesOf(records[0] as never).equals(bytes)).toBe(true);
      expect(bytesOf(records[1] as never, 'stderr').equals(bytes)).toBe(true);
      expect(bytesOf(records[1] as never).toString()).toBe('end\n');
      expect(bytesOf(records[2] as never)).toEqual(Buffer.from('ff807ce282ac', 'hex'));
    });
  });
  it('brings more than Redis would hold at once, for what is unread holds the task up', async () => {
    await withWorker(async (_run, queue) => {
      const args = [
        'pool',
        '--on',
        redis.url,
        '--queue',
        queue,
        '--output',
        'line',
        '--',
        'sh',
        '-c',
        'yes {} | head -c 20000000',
        ':::',
        'ab',
      ];
      const pool = startProcctl(args, { isReaderAsleep: true });
      try {
        // Nobody reads: what Redis holds comes to rest.
        await waitFor(() => redis.leftKeys(queue).some((key) => key.includes(':output:')), 'output in Redis');
        let last = -1;
        await waitFor(async () => {
          const now = Number(
            redis.cli('XLEN', redis.leftKeys(queue).find((key) => key.includes(':output:')) ?? '-')[0],
          );
          const isSame = now === last;
          last = now;
          await new Promise((resolve) => setTimeout(resolve, 500));
          return isSame;
        }, 'a stream that grows no more');
        expect(last).toBeLessThan(100);
        pool.readOn();
        const { stdout, code } = await pool.ended;
        expect(code).toBe(0);
        expect(stdout.length).toBe(20_000_000);
        expect(stdout.equals(Buffer.from('ab\n'.repeat(6_666_667)).subarray(0, 20_000_000))).toBe(true);
      } finally {
        await pool.discard();
      }
    });
  });
  it('ends a task that writes more than the worker sends, with the limit in its error', async () => {
    await withWorker(
      async (run) => {
        const { records, code } = await run(['yes', 'echo short']);
        expect(code).toBe(1);
        expect(records[0]).toMatchObject({ state: 'failed', error: { code: 'ERR_OUTPUT_MAX' } });
        expect(records[0]?.error?.message).toContain('100000 bytes');
        expect(records[1]?.state).toBe('succeeded');
      },
      ['--output-max', '100000'],
    );
  });
  it('keeps the order of the input, tries again, and stops early, as on one machine', async () => {
    await withWorker(async (run, queue) => {
      const ordered = await runProcctl([
        'pool',
        '--on',
        redis.url,
        '--queue',
        queue,
        '-k',
        '--',
        'sh',
        '-c',
        'sleep 0.{}; echo {}',
        ':::',
        '4',
        '3',
        '2',
        '1',
      ]);
      expect(ordered.stdout.toString()).toBe('4\n3\n2\n1\n');
      const directory = scratch();
      const third = `echo x >>${directory}/n; test $(wc -l <${directory}/n) -ge 3`;
      const retried = await run([third, 'exit 1'], '--retries', '2');
      expect(retried.records.map(({ state, attempts }) => [state, attempts])).toEqual([
        ['succeeded', 3],
        ['failed', 3],
      ]);
      const many = Array.from({ length: 40 }, (_, index) => `sleep 30; : ${index}`);
      const halted = await run(['exit 1', ...many], '--halt', 'now,fail=1');
      expect(halted.code).toBe(1);
      expect(new Set(halted.records.slice(1).map(({ state }) => state))).toEqual(new Set(['cancelled']));
    });
  });
  it('measures time limits from the start, not from the queueing, and ends the whole family', async () => {
    await withWorker(
      async (run) => {
        const { records } = await run(
          ['sleep 1.2', 'sleep 1.2', { command: 'sleep 61.7 & setsid sleep 61.7 & sleep 61.7', timeout: '1s' }],
          '--timeout',
          '2s',
        );
        expect(records.map(({ state }) => state)).toEqual(['succeeded', 'succeeded', 'timedOut']);
      },
      ['--size', '1'],
    );
  });
  it('runs functions and fills in the slot where the task runs', async () => {
    const directory = scratch();
    writeFileSync(join(directory, 'double.mjs'), 'export const double = (n) => 2 * n;');
    await withWorker(
      async (run, queue) => {
        const { records } = await run([{ module: './double.mjs', export: 'double', args: [21] }]);
        expect(records[0]).toMatchObject({ state: 'succeeded', result: 42 });
        const slots = await runProcctl(['pool', '--on', redis.url, '--queue', queue, '--', 'echo', '{%}', ':::', 'a']);
        expect(slots.stdout.toString()).toBe('1\n');
      },
      [],
      { cwd: directory },
    );
  });
  it('goes on with a journal, and runs nothing again that is done', async () => {
    const directory = scratch();
    const journal = join(directory, 'run.ndjson');
    const tasks = [1, 2, 3].map((n) => `echo ${n} >>${directory}/done`);
    await withWorker(async (run) => {
      await run(tasks.slice(0, 2), '--journal', journal);
      const { records } = await run(tasks, '--journal', journal, '--resume');
      expect(records.map(({ name }) => name)).toEqual([tasks[2]]);
    });
    expect(readFileSync(join(directory, 'done'), 'utf8').split('\n').filter(Boolean).sort()).toEqual(['1', '2', '3']);
  });
  it('ended by Ctrl-C leaves nothing in the queue and nothing running, and says 130', async () => {
    queues += 1;
    const queue = `q${queues}`;
    const directory = scratch();
    const worker = await redis.worker(['--queue', queue, '--size', '2']);
    const tasks = [1, 2, 3, 4, 5, 6].map((n) => `: >${directory}/${n}; sleep 71.3 & sleep 71.3`);
    const pool = startProcctl(['pool', '--on', redis.url, '--queue', queue, '--json', '-'], {
      input: JSON.stringify(tasks),
    });
    try {
      await waitFor(() => existsSync(`${directory}/1`) && existsSync(`${directory}/2`), 'two tasks at work');
      pool.signal('SIGINT');
      const ended = await pool.ended;
      expect(statusOf(ended)).toBe(130);
      expect(new Set(recordsOf(ended.stdout).map(({ state }) => state))).toEqual(new Set(['cancelled']));
      expect(redis.leftKeys(queue).filter((key) => key.includes(`:${queue}:`))).toEqual([]);
      expect(worker.family().filter(({ command }) => command.includes('71.3'))).toEqual([]);
      expect(existsSync(`${directory}/3`)).toBe(false);
    } finally {
      await pool.discard();
      await worker.discard();
    }
  });
});

describe.runIf(hasRedis)('a worker', { concurrent: true }, () => {
  it('runs only what it allows, and says why not', async () => {
    await withWorker(
      async (run) => {
        const { records } = await run([
          ['echo', 'yes'],
          ['printf', 'no'],
          'echo shell',
          ['./echo'],
          ['/bin/../bin/sh', '-c', 'echo no'],
          { command: ['echo'], env: { PATH: '/tmp' } },
        ]);
        expect(records.map(({ state, error }) => error?.code ?? state)).toEqual([
          'succeeded',
          ...Array.from({ length: 5 }, () => 'ERR_NOT_ALLOWED'),
        ]);
        expect(records[1]?.error?.message).toBe('this worker does not allow the program "printf"');
      },
      ['--allow', 'echo', '--allow', '/opt/*'],
    );
  });
  it('with a key refuses what is not signed with it, and keeps it from tasks', async () => {
    await withWorker(
      async (run, queue) => {
        const { records } = await run(['echo no']);
        expect(records[0]).toMatchObject({ state: 'failed', error: { code: 'ERR_SIGNATURE' } });
        const pool = (key: string) =>
          runProcctl(
            ['pool', '--on', redis.url, '--queue', queue, '--', 'sh', '-c', 'echo {} $PROCCTL_QUEUE_KEY', ':::', 'ü'],
            {
              env: { PROCCTL_QUEUE_KEY: key },
            },
          );
        expect((await pool('right')).stdout.toString()).toBe('ü\n');
        expect((await pool('wrong')).code).toBe(1);
      },
      [],
      { env: { PROCCTL_QUEUE_KEY: 'right' } },
    );
  });
  it('told to end lets what runs finish, takes nothing more, and hands back what takes too long', async () => {
    queues += 1;
    const queue = `q${queues}`;
    const directory = scratch();
    const first = await redis.worker(['--queue', queue, '--size', '2', '--drain-timeout', '2s']);
    const tasks = [
      `: >${directory}/a; sleep 0.7`,
      `echo x >>${directory}/b; test $(wc -l <${directory}/b) -ge 2 || sleep 66`,
      'echo c',
    ];
    const pool = startProcctl(['pool', '--on', redis.url, '--queue', queue, '--json', '-'], {
      input: JSON.stringify(tasks),
    });
    try {
      await waitFor(() => existsSync(`${directory}/a`) && existsSync(`${directory}/b`), 'two tasks at work');
      first.signal('SIGTERM');
      const ended = await first.ended;
      expect(ended.code).toBe(0);
      expectNothingLeft(ended);
      expect(recordsOf(pool.stdout).map(({ seq }) => seq)).toEqual([1]);
      const second = await redis.worker(['--queue', queue]);
      const { code, stdout } = await pool.ended;
      expect(code).toBe(0);
      expect(recordsOf(stdout).map(({ attempts }) => attempts)).toEqual([1, 1, 1]);
      await second.discard();
    } finally {
      await first.discard();
      await pool.discard();
    }
  });
});

describe('wrong use of --on and of worker', { concurrent: true }, () => {
  const on = ['--on', 'redis://127.0.0.1:1'];
  it.each([
    [['pool', '--on', 'http://h', 't'], 'the address of Redis has to begin with redis:// or rediss://'],
    [['worker', 'redis://:s3cret@:x'], 'the address of Redis is no URL'],
    [['worker'], "missing required argument 'redis url'"],
    [['pool', ...on, '--delay', '1', 't'], '--delay does not go with --on'],
    [['pool', ...on, '--nice', '-1', 't'], '--nice below 0 does not go with --on'],
    [['pool', ...on, '--runner', 'spawn', 't'], '--runner does not go with --on'],
    [['pool', '--queue', 'x', 't'], '--queue goes with --on'],
    [['pool', '--connect-timeout', '1', 't'], '--connect-timeout goes with --on'],
    [['pool', ...on, '--queue', 'a:b', 't'], 'expected the name of a queue, got "a:b"'],
    [['worker', 'redis://h', '--size', '0'], 'size'],
    [['worker', 'redis://h', '--lock', '10ms'], 'expected a duration from 1s to 1h'],
    [['worker', 'redis://h', '--output-max', '0'], 'expected a size above 0'],
    [['worker', 'redis://h', '--allow', './a'], 'expected what is allowed, got "./a"'],
  ])('%j is told in one line, with exit code 2', async (words, message) => {
    const directory = scratch();
    writeFileSync(join(directory, 't'), '[]');
    const { code, stderr } = await runProcctl(words, { cwd: directory });
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).not.toContain('s3cret');
  });
});

describe.runIf(hasRedis)('who asks Redis', { concurrent: true }, () => {
  it('shows its password nowhere', async () => {
    await withRedis(
      async (locked) => {
        const url = locked.url.replace('//', '//:s3cret@');
        const worker = startProcctl(['worker', url]);
        await waitFor(() => worker.stderr.includes('connected to'), 'the worker is connected');
        expect(readFileSync(`/proc/${worker.pid}/cmdline`, 'latin1')).not.toContain('s3cret');
        const env = { PROCCTL_REDIS_PASSWORD: 's3cret' };
        const pool = await runProcctl(['pool', '--on', locked.url, '--', 'sh', '-c', 'env; echo {}', ':::', 'a'], {
          env,
        });
        expect(pool.code).toBe(0);
        expect(`${pool.stdout}${pool.stderr}${worker.stderr}`).not.toContain('s3cret');
        await worker.discard();
        const wrong = await runProcctl(['pool', '--on', locked.url, '--', 'echo', '{}', ':::', 'a'], {
          env: { PROCCTL_REDIS_PASSWORD: 'wr0ng' },
        });
        expect(wrong.code).toBe(125);
        expect(wrong.stderr).toContain('WRONGPASS');
        expect(wrong.stderr).not.toContain('wr0ng');
      },
      '--requirepass',
      's3cret',
    );
  });
  it('is told in one line when nobody answers, and ends with 125', async () => {
    const gone = await TestRedis.start();
    await gone.end();
    for (const words of [
      ['pool', '--on', gone.url, '--connect-timeout', '1s', '--', 'echo', '{}', ':::', 'a'],
      ['worker', gone.url, '--connect-timeout', '1s'],
    ]) {
      const { code, stderr } = await runProcctl(words);
      expect(code).toBe(125);
      expect(
        stderr
          .trim()
          .split('\n')
          .filter((line) => line.includes('cannot be reached within 1s')),
      ).toHaveLength(1);
      expect(stderr, 'of tasks that have not begun nothing is said').not.toContain('cancelled');
    }
  });
  it('is warned of a server that throws keys away', async () => {
    await withRedis(
      async (small) => {
        const worker = await small.worker();
        await waitFor(() => worker.stderr.includes('maxmemory-policy is allkeys-lru'), 'a warning');
        await worker.discard();
      },
      '--maxmemory-policy',
      'allkeys-lru',
    );
  });
});
