import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Batches } from '../helpers/batches.ts';
import { type RunningProcctl, recordsOf, runProcctl, scratch, statusOf, waitFor } from '../helpers/procctl.ts';
import { hasRedis, type TestRedis, withRedis } from '../helpers/redis.ts';

const withBatches = (use: (batches: Batches, redis: TestRedis) => Promise<void>, ...args: string[]): Promise<void> =>
  withRedis((redis) => use(new Batches(redis), redis), ...args);

const linesOf = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];

const TASKS = [
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
  { command: 'sleep 30', timeout: '300ms' },
  'head -c 300000 /dev/zero',
];

const plain = (records: ReturnType<typeof recordsOf>) =>
  records.map(({ seq, id, name, state, exitCode, signal, error, attempts, stdout, stderr }) => {
    return { seq, id, name, state, exitCode, signal, error, attempts, stdout, stderr };
  });

describe.runIf(hasRedis)('a batch that was handed over', { concurrent: true }, () => {
  it('is told as a pool on one machine tells it, to who follows from another home and directory, and again after its end', async () => {
    await withBatches(async (batches, redis) => {
      const worker = await redis.worker(['--size', '3']);
      try {
        const name = await batches.detach(TASKS, ['--name', 'first', '--retries', '1']);
        expect(name).toBe('first');
        const here = await runProcctl(['pool', '--json', '--retries', '1', '-'], { input: JSON.stringify(TASKS) });
        const expected = plain(recordsOf(here.stdout).sort((a, b) => a.seq - b.seq));
        for (const cwd of [scratch(), '/']) {
          const { code, records, stderr } = await batches.follow(name, [], { cwd });
          expect(code).toBe(1);
          expect(plain(records)).toEqual(expected);
          expect(stderr).toContain('7 tasks: 3 succeeded, 3 failed, 1 timed out');
        }
        expect(await batches.list()).toMatchObject([
          { name, state: 'ended', tasks: 7, succeeded: 3, failed: 3, timedOut: 1 },
        ]);
      } finally {
        await worker.discard();
      }
    });
  });
  it('is shown and kept by its followers in all ways: in order, by lines, with results, a journal and a summary', async () => {
    await withBatches(async (batches, redis) => {
      const worker = await redis.worker(['--size', '4']);
      try {
        const tasks = [3, 2, 1].map((n) => ({ command: `sleep 0.${n}; echo ${n}`, name: `n${n}` }));
        const name = await batches.detach(tasks);
        expect(name).toBe('pool');
        const directory = scratch();
        const ordered = await batches.run(['--follow', name, '-k', '--tag', '--output', 'line', '--summary']);
        expect(ordered.stdout.toString()).toBe('n3\t3\nn2\t2\nn1\t1\n');
        expect(ordered.stderr).toMatch(/slowest/i);
        const kept = await batches.run([
          '--follow',
          name,
          '--results',
          join(directory, 'r'),
          '--journal',
          join(directory, 'j'),
        ]);
        expect(kept.code).toBe(0);
        expect(readdirSync(join(directory, 'r'))).toHaveLength(3);
        expect(
          linesOf(join(directory, 'j')).filter((line) => line.includes('"succeeded"')).length,
        ).toBeGreaterThanOrEqual(3);
        expect((await batches.run(['--follow', name, '--output', 'none'])).stdout).toHaveLength(0);
      } finally {
        await worker.discard();
      }
    });
  });
  it('does not begin when its submitter is killed in the middle of the list, and what is left is forgotten', async () => {
    await withBatches(async (batches, redis) => {
      const directory = scratch();
      const worker = await redis.worker();
      const lines = Array.from({ length: 1200 }, () => JSON.stringify(`: >${directory}/ran`)).join('\n');
      const submitter = batches.start(['--detach', '--name', 'half', '--format', 'ndjson', '-'], {
        input: `${lines}\n`,
        isInputOpen: true,
      });
      try {
        await waitFor(() => batches.keys().some((key) => key.endsWith(':tasks')), 'the beginning of the list');
        const early = await batches.run(['--stop', 'half']);
        expect(early.code).toBe(2);
        expect(early.stderr).toContain('is still being submitted');
        submitter.signal('SIGKILL');
        await submitter.ended;
        const left = batches.keys().filter((key) => key.includes(':detached:'));
        expect(left.length).toBeGreaterThan(0);
        for (const key of left) expect(Number(redis.cli('PTTL', key)[0])).toBeGreaterThan(0);
        for (const key of left) expect(Number(redis.cli('PTTL', key)[0])).toBeLessThanOrEqual(120_000);
        expect(await batches.list()).toMatchObject([{ name: 'half', state: 'submitting', tasks: null }]);
        // As time does it.
        const follower = batches.start(['--follow', 'half']);
        await waitFor(() => follower.stderr.includes('still being submitted'), 'the follower waits');
        for (const key of left) redis.cli('DEL', key);
        expect((await follower.ended).code).toBe(2);
        expect(await batches.list()).toEqual([]);
        expect(batches.keys()).toEqual([]);
        expect(redis.leftKeys()).toEqual([]);
        expect(existsSync(join(directory, 'ran'))).toBe(false);
        expect(await batches.detach([`: >${directory}/ran`], ['--name', 'half'])).toBe('half');
        expect((await batches.follow('half')).code).toBe(0);
      } finally {
        await submitter.discard();
        await worker.discard();
      }
    });
  });
  it('that is wrong, or interrupted while it is submitted, leaves nothing', async () => {
    await withBatches(async (batches, redis) => {
      const bad = await batches.run(['--detach', '--format', 'ndjson', '-'], { input: '"echo 1"\nnonsense\n' });
      expect(bad.code).toBe(2);
      expect(bad.stdout).toHaveLength(0);
      expect(bad.stderr).toContain(':2: not JSON');
      const needs = await batches.run(['--detach', '-'], {
        input: '["echo 1", { "command": "echo 2", "needs": ["1"] }]',
      });
      expect(needs.code).toBe(2);
      expect(needs.stderr).toContain('needs others: that does not go with --detach --on');
      const interrupted = batches.start(['--detach', '--format', 'ndjson', '-'], {
        input: '"echo 1"\n',
        isInputOpen: true,
      });
      await waitFor(() => batches.keys().length > 0, 'it has begun');
      interrupted.signal('SIGINT');
      expect(statusOf(await interrupted.ended)).toBe(130);
      await interrupted.discard();
      expect(await batches.list()).toEqual([]);
      expect(redis.leftKeys()).toEqual([]);
      expect(await batches.detach([])).toBe('pool');
      const { code, stderr } = await batches.follow('pool');
      expect(code).toBe(0);
      expect(stderr).toContain('no tasks');
    });
  });
  it('is followed by two at once, by one that is killed and comes back, and left by Ctrl-C, which says how to go on', async () => {
    await withBatches(async (batches, redis) => {
      const directory = scratch();
      const worker = await redis.worker(['--size', '2']);
      const tasks = Array.from(
        { length: 12 },
        (_, n) => `until [ -e ${directory}/go ]; do sleep 0.05; done; echo ${n}`,
      );
      tasks[0] = 'echo first';
      const followers: RunningProcctl[] = [];
      try {
        const name = await batches.detach(tasks);
        for (let n = 0; n < 4; n += 1) followers.push(batches.start(['--follow', name, '--json']));
        const [killed, left, third, fourth] = followers as [
          RunningProcctl,
          RunningProcctl,
          RunningProcctl,
          RunningProcctl,
        ];
        await waitFor(() => followers.every(({ stdout }) => stdout.includes('first')), 'all see the first one');
        killed.signal('SIGKILL');
        left.signal('SIGINT');
        const gone = await left.ended;
        expect(statusOf(gone)).toBe(130);
        expect(gone.stderr).toContain(`To join again: procctl pool --follow ${name} --on ${redis.url}`);
        expect(gone.stderr).toContain(`procctl pool --stop ${name} --on ${redis.url}`);
        expect(gone.left).toEqual([]);
        expect(gone.leftFiles).toEqual([]);
        writeFileSync(join(directory, 'go'), '');
        const again = batches.start(['--follow', name, '--json']);
        followers.push(again);
        for (const follower of [third, fourth, again]) {
          const { code, stdout } = await follower.ended;
          expect(code).toBe(0);
          const records = recordsOf(stdout).sort((a, b) => a.seq - b.seq);
          expect(records.map((record) => record.stdout)).toEqual(tasks.map((_, n) => (n === 0 ? 'first\n' : `${n}\n`)));
        }
      } finally {
        await Promise.all([worker, ...followers].map((procctl) => procctl.discard()));
      }
    });
  });
  it('loses and doubles no attempt though its workers are killed: each settles once, retries included', async () => {
    await withBatches(async (batches, redis) => {
      const directory = scratch();
      const args = ['--size', '3', '--lock', '1s'];
      const workers = [await redis.worker(args), await redis.worker(args)];
      const tasks = Array.from({ length: 120 }, (_, n) =>
        n % 4 === 0 ? `echo $PROCCTL_ATTEMPT >>${directory}/${n}; [ $PROCCTL_ATTEMPT -ge 3 ]` : `sleep 0.05; echo ${n}`,
      );
      try {
        const name = await batches.detach(tasks, ['--retries', '2', '--retry-delay', '50ms']);
        for (const [index, count] of [15, 60, 110].entries()) {
          await waitFor(() => batches.ends().length >= count, `${count} ends`);
          workers[index]?.signal('SIGKILL');
          workers.push(await redis.worker(args));
        }
        const { code, records } = await batches.follow(name);
        expect(code).toBe(0);
        expect(records.map(({ state, attempts }) => `${state} ${attempts}`)).toEqual(
          tasks.map((_, n) => `succeeded ${n % 4 === 0 ? 3 : 1}`),
        );
        const expected = tasks.flatMap((_, n) =>
          (n % 4 === 0 ? [1, 2, 3] : [1]).map((attempt) => `${n + 1} ${attempt}`),
        );
        expect(batches.ends().sort()).toEqual(expected.sort());
        await waitFor(() => redis.leftKeys().every((key) => key.startsWith('procctl:')), 'no job is left');
      } finally {
        await Promise.all(workers.map((worker) => worker.discard()));
      }
    });
  });
  it('survives a restart of Redis between its submission and its end, and nobody else is needed', async () => {
    await withBatches(
      async (batches, redis) => {
        const name = await batches.detach(['echo 1', 'exit 3', { command: 'echo 3', id: 'third' }], ['--retries', '1']);
        await redis.end('SIGKILL');
        await redis.begin();
        const worker = await redis.worker();
        await waitFor(async () => (await batches.list())[0]?.state === 'ended', 'it has ended');
        await worker.discard();
        await redis.end('SIGTERM');
        await redis.begin();
        const { code, records } = await batches.follow(name);
        expect(code).toBe(1);
        expect(records.map(({ id, stdout, attempts }) => [id, stdout, attempts])).toEqual([
          ['1', '1\n', 1],
          ['2', '', 2],
          ['third', '3\n', 1],
        ]);
      },
      '--appendfsync',
      'always',
    );
  });
  it('runs by priority, stops by --halt, and ends what writes too much, without anybody who waits for it', async () => {
    await withBatches(async (batches, redis) => {
      const directory = scratch();
      const tasks = [0, 5, -3, 5].map((priority, n) => ({ command: `echo ${n} >>${directory}/order`, priority }));
      const sorted = await batches.detach(tasks, ['--name', 'sorted']);
      const worker = await redis.worker(['--size', '1']);
      try {
        expect((await batches.follow(sorted)).code).toBe(0);
        expect(linesOf(join(directory, 'order'))).toEqual(['1', '3', '0', '2']);
        const many = Array.from({ length: 40 }, (_, n) => `: >${directory}/late${n}`);
        const halted = await batches.detach(
          ['echo 1', 'exit 1', ...many],
          ['--name', 'halted', '--halt', 'soon,fail=1'],
        );
        const { code, records, stderr } = await batches.follow(halted);
        expect(code).toBe(1);
        expect(stderr).toContain('(halted)');
        expect(records.map(({ state }) => state)).toEqual(['succeeded', 'failed', ...many.map(() => 'cancelled')]);
        expect(records[9]).toMatchObject({ attempts: 0, startedAt: null });
        expect(readdirSync(directory)).toEqual(['order']);
        const won = await batches.detach(['exit 1', 'echo 2', 'echo 3'], ['--halt', 'now,success=1']);
        expect((await batches.follow(won)).code).toBe(0);
        const loud = await batches.detach(['yes', 'echo short'], ['--output-max', '200K']);
        const written = await batches.follow(loud);
        expect(written.records.map(({ error, state }) => error?.code ?? state)).toEqual([
          'ERR_OUTPUT_MAX',
          'succeeded',
        ]);
        expect(written.records[0]?.error?.message).toContain('204800 bytes that are kept of a task');
        const silent = await batches.detach(['head -c 100000 /dev/zero'], ['--output', 'none']);
        expect((await batches.follow(silent)).records[0]).toMatchObject({ state: 'succeeded', stdout: '' });
        await waitFor(() => redis.leftKeys().every((key) => key.startsWith('procctl:')), 'no job is left');
      } finally {
        await worker.discard();
      }
    });
  });
  it('is stopped by --stop: what waits is not begun, what runs is ended, with its worker or without; and removed', async () => {
    await withBatches(async (batches, redis) => {
      const directory = scratch();
      const worker = await redis.worker(['--size', '2', '--lock', '1s']);
      const tasks = ['echo 1', ...Array.from({ length: 5 }, (_, n) => `: >${directory}/${n}; sleep 62.9`)];
      try {
        const name = await batches.detach(tasks, ['--retries', '3']);
        await waitFor(() => readdirSync(directory).length === 2, 'two tasks at work');
        const refused = await batches.run(['--remove', name]);
        expect(refused.code).toBe(2);
        expect(refused.stderr).toContain('has not ended (stop it first');
        const stopped = await batches.run(['--stop', name]);
        expect(stopped.code).toBe(0);
        expect(stopped.stderr).toContain('has been stopped: 5 tasks had not ended');
        expect(worker.family().some(({ command }) => command.includes('62.9'))).toBe(false);
        const { code, records, stderr } = await batches.follow(name);
        expect(code).toBe(1);
        expect(stderr).toContain('5 cancelled in');
        expect(records.map(({ state }) => state)).toEqual(['succeeded', ...tasks.slice(1).map(() => 'cancelled')]);
        expect((await batches.run(['--stop', name])).stderr).toContain('has ended already');
        expect((await batches.run(['--remove', name])).code).toBe(0);
        expect(batches.keys()).toEqual([]);
        const other = await batches.detach([`: >${directory}/other; sleep 62.8`, 'echo never']);
        await waitFor(() => existsSync(join(directory, 'other')), 'it is at work');
        worker.signal('SIGKILL');
        expect((await batches.run(['--stop', other, '--now'])).code).toBe(0);
        expect((await batches.follow(other)).records.map(({ state, error }) => [state, error?.code])).toContainEqual([
          'cancelled',
          'ERR_WORKER_LOST',
        ]);
        await waitFor(() => redis.leftKeys().every((key) => !/^bull:procctl:[0-9a-f]/.test(key)), 'no job is left');
      } finally {
        await worker.discard();
      }
    });
  });
  it('that was forgotten runs no more, and is told as unknown; a lost job comes back by who follows', async () => {
    await withBatches(async (batches, redis) => {
      const directory = scratch();
      const gone = await batches.detach([`: >${directory}/ran`, 'echo 2'], ['--name', 'gone', '--keep', '1m']);
      for (const key of batches.keys().filter((one) => one.includes(':detached:'))) {
        expect(Number(redis.cli('PTTL', key)[0])).toBeLessThanOrEqual(60_000);
        redis.cli('DEL', key);
      }
      const worker = await redis.worker();
      try {
        await waitFor(() => redis.leftKeys().length === 1, 'only the name is left');
        const unknown = await batches.run(['--follow', gone]);
        expect(unknown.code).toBe(2);
        expect(unknown.stderr).toBe(
          'procctl: there is no batch "gone" in the queue procctl (procctl pool --batches --on … lists those there are)\n',
        );
        expect(existsSync(join(directory, 'ran'))).toBe(false);
        await worker.discard();
        const name = await batches.detach(['echo 1', 'echo 2', 'echo 3'], ['--name', 'whole']);
        expect((await batches.run(['--follow', 'hwole'])).stderr).toContain('did you mean "whole"?');
        for (const key of redis.leftKeys().filter((one) => one.startsWith('bull:'))) redis.cli('DEL', key);
        const follower = batches.start(['--follow', name]);
        const other = await redis.worker();
        expect((await follower.ended).code).toBe(0);
        expect(follower.stdout.toString().split('\n').sort()).toEqual(['', '1', '2', '3']);
        await follower.discard();
        await other.discard();
      } finally {
        await worker.discard();
      }
    });
  });
  it('that is removed while it is followed is told as lost', async () => {
    await withBatches(async (batches, redis) => {
      const name = await batches.detach(['echo 1']);
      const follower = batches.start(['--follow', name]);
      await waitFor(() => redis.cli('CLIENT', 'LIST').some((line) => line.includes('cmd=xread ')), 'it is followed');
      for (const key of batches.keys().filter((one) => one.includes(':detached:'))) redis.cli('DEL', key);
      const { code, stderr } = await follower.ended;
      expect(code).toBe(125);
      expect(stderr).toContain('is there no more');
      await follower.discard();
    });
  });
  it('is signed: a worker with a key runs only what was submitted with it, and nothing that was changed', async () => {
    await withBatches(async (batches, redis) => {
      const env = { PROCCTL_QUEUE_KEY: 'right' };
      const worker = await redis.worker([], { env });
      try {
        const good = await batches.detach(['echo ü'], ['--name', 'good'], { env });
        expect((await batches.follow(good)).records[0]?.stdout).toBe('ü\n');
        // So are the ends.
        const told = async (key: string) => {
          const { code, records } = await batches.follow(good, [], { env: { PROCCTL_QUEUE_KEY: key } });
          return [code, records[0]?.state, records[0]?.stdout, records[0]?.error?.code];
        };
        expect(await told('right')).toEqual([0, 'succeeded', 'ü\n', undefined]);
        expect(await told('wrong')).toEqual([1, 'failed', '', 'ERR_SIGNATURE']);
        const bad = await batches.detach(['echo no'], ['--name', 'bad']);
        expect((await batches.follow(bad)).records[0]?.error?.code).toBe('ERR_SIGNATURE');
        await worker.discard();
        const changed = await batches.detach(['echo yes', 'echo other'], ['--name', 'changed'], { env });
        const [key = ''] = batches
          .keys()
          .filter((one) => one.endsWith(':tasks') && redis.cli('HGET', one, '2')[0]?.includes('other'));
        const [one = '', two = ''] = [1, 2].map((seq) => redis.cli('--raw', 'HGET', key, String(seq))[0] ?? '');
        redis.cli('HSET', key, '1', one.replace('echo yes', 'echo evil'), '2', two.replace('"seq":2', '"seq":1'));
        const other = await redis.worker([], { env });
        const codes = (await batches.follow(changed)).records.map(({ error }) => error?.code);
        expect(codes).toEqual(['ERR_SIGNATURE', 'ERR_SIGNATURE']);
        await other.discard();
      } finally {
        await worker.discard();
      }
    });
  });
  it('shows no control characters of who writes to Redis, and takes no names that are none', async () => {
    await withBatches(async (batches, redis) => {
      redis.cli('HSET', 'procctl:procctl:batches', 'evil\u001b[31m', 'abcdabcd00000000', 'junk', '../../x');
      redis.cli(
        'HSET',
        'procctl:procctl:detached:abcdabcd00000000:meta',
        'version',
        '1',
        'id',
        'abcdabcd00000000',
        'name',
        'evil\u001b[31m',
        'host',
        'h\u0007',
      );
      const { stdout, code } = await batches.run(['--batches']);
      expect(code).toBe(0);
      expect(stdout.toString()).toContain('evil');
      expect(stdout.toString()).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
      for (const name of ['a b', '*', '../x', '\u001b[31m', 'x'.repeat(5000)]) {
        const detached = await batches.run(['--detach', '--name', name, '--', 'echo', '{}', ':::', 'a']);
        expect(detached.code).toBe(2);
        const followed = await batches.run(['--follow', name]);
        expect(followed.code).toBe(2);
        expect(followed.stderr.trimEnd().split('\n')).toHaveLength(1);
        expect(followed.stderr.trimEnd()).not.toMatch(/[\u0000-\u001f]/);
      }
      expect(batches.keys().filter((key) => key.includes(':detached:'))).toHaveLength(1);
    });
  });
  it('keeps its name from others, and names that nobody chose apart', async () => {
    await withBatches(async (batches) => {
      const directory = scratch();
      writeFileSync(join(directory, 'list.json'), '["echo 1"]');
      const names = await Promise.all(
        [1, 2, 3].map(async () =>
          (await batches.run(['--detach', join(directory, 'list.json')])).stdout.toString().trim(),
        ),
      );
      expect(names.sort()).toEqual(['pool-list', 'pool-list-2', 'pool-list-3']);
      const taken = await batches.run(['--detach', '--name', 'pool-list', join(directory, 'list.json')]);
      expect(taken.code).toBe(2);
      expect(taken.stderr).toContain('there is a batch "pool-list" in this queue already');
      const told = await batches.run([
        '--detach',
        '--json',
        '--name',
        'other',
        '--keep',
        '1h',
        join(directory, 'list.json'),
      ]);
      expect(JSON.parse(told.stdout.toString())).toEqual({
        name: 'other',
        queue: 'procctl',
        tasks: 1,
        keepMs: 3_600_000,
      });
    });
  });
});

describe('wrong use of batches', { concurrent: true }, () => {
  const on = ['pool', '--on', 'redis://127.0.0.1:1'];
  it.each([
    [['pool', '--follow', 'x'], '--follow is about a batch of other machines'],
    [['pool', '--batches', '--queue', 'q'], '--batches is about a batch of other machines'],
    [[...on, '--follow', ''], '--follow needs the name of a batch'],
    [[...on, '--follow', 'x', 'tasks.json'], '--follow runs no tasks'],
    [[...on, '--follow', 'x', '--retries', '1'], '--retries does not go with --follow'],
    [[...on, '--follow', 'x', '--stop', 'x'], '--stop does not go with --follow'],
    [[...on, '--stop', 'x', '--json'], '--json does not go with --stop'],
    [[...on, '--now', 'tasks.json'], '--now goes with --stop'],
    [[...on, '--keep', '1h', 'tasks.json'], '--keep goes with --detach --on'],
    [[...on, '--output-max', '1M', 'tasks.json'], '--output-max goes with --detach --on'],
    [['pool', '--detach', '--keep', '1h', 'tasks.json'], '--keep goes with --detach --on'],
    [[...on, '--detach', '--keep', '1s', 'tasks.json'], 'expected a duration from 1m to 366d'],
    [[...on, '--detach', '--output-max', '0', 'tasks.json'], 'expected a size above 0'],
    [[...on, '--detach', '--journal', 'j', 'tasks.json'], '--journal is for who follows the batch'],
    [[...on, '--detach', '-k', 'tasks.json'], '--keep-order is for who follows the batch'],
    [[...on, '--detach', '--progress', 'plain', 'tasks.json'], '--progress plain has nobody to watch it'],
    [[...on, '--detach', '--output', 'line', 'tasks.json'], '--output line is for who follows the batch'],
    [[...on, '--detach', '--size', '4', 'tasks.json'], '--size does not go with --detach --on'],
    [[...on, '--detach', '-j', '4', 'tasks.json'], '--size does not go with --detach --on'],
    [[...on, '--detach', '--resume', 'tasks.json'], '--resume does not go with --detach --on'],
    [[...on, '--detach', '--timeout', '200%', 'tasks.json'], '--timeout by the median does not go with'],
    [[...on, '--detach', 'no-such-file.json'], 'no-such-file.json'],
    [[...on, '--name', 'x', 'tasks.json'], '--name names a batch in the background'],
  ])('%j is refused in one line, and nothing is asked of Redis', async (words, said) => {
    const { code, stderr, stdout } = await runProcctl(words);
    expect(code).toBe(2);
    expect(stdout).toHaveLength(0);
    expect(stderr).toContain(said);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
  it('--dry-run touches nothing elsewhere: it does not even connect', async () => {
    const { code, stdout } = await runProcctl([...on, '--dry-run', '--', 'echo', '{}', ':::', 'a', 'b']);
    expect(code).toBe(0);
    expect(stdout.toString()).toBe('echo a\necho b\n');
  });
});
