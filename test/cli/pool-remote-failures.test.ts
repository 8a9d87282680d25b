import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { liveWithMark, recordsOf, runProcctl, scratch, startProcctl, statusOf, waitFor } from '../helpers/procctl.ts';
import { hasRedis, type TestRedis, withRedis } from '../helpers/redis.ts';

const begin = (redis: TestRedis, tasks: readonly unknown[], ...args: string[]) =>
  startProcctl(['pool', '--on', redis.url, '--json', ...args, '-'], { input: JSON.stringify(tasks) });

/** Says that it begins, waits the first time for as long as nobody else does, and ends well at the second. */
const twice = (file: string): string => `echo $PPID >>${file}; echo try; test $(wc -l <${file}) -ge 2 || sleep 62.4`;

const recordCount = (stdout: Buffer): number => stdout.toString('latin1').split('\n').length - 1;

const linesOf = (file: string): string[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];

describe.runIf(hasRedis)('a pool on Redis', { concurrent: true }, () => {
  it('has the tasks of a killed worker run by another one, each settled once', async () => {
    await withRedis(async (redis) => {
      const directory = scratch();
      const first = await redis.worker(['--size', '2', '--lock', '1s']);
      const pool = begin(redis, [twice(`${directory}/a`), twice(`${directory}/b`), 'echo c']);
      try {
        await waitFor(() => linesOf(`${directory}/a`).length + linesOf(`${directory}/b`).length === 2, 'two at work');
        const second = await redis.worker(['--size', '1', '--lock', '1s']);
        first.signal('SIGKILL');
        const { code, stdout, stderr } = await pool.ended;
        expect(code).toBe(0);
        const records = recordsOf(stdout).sort((a, b) => a.seq - b.seq);
        expect(records.map(({ seq, state, attempts, stdout: text }) => [seq, state, attempts, text])).toEqual([
          [1, 'succeeded', 1, 'try\n'],
          [2, 'succeeded', 1, 'try\n'],
          [3, 'succeeded', 1, 'c\n'],
        ]);
        expect(stderr).toContain('is lost; it runs again on another one');
        // The guard of the killed worker has ended what it ran.
        await waitFor(() => liveWithMark(first.token).length === 0, 'nothing is left of the killed worker');
        expect(redis.leftKeys()).toEqual([]);
        await second.discard();
      } finally {
        await first.discard();
        await pool.discard();
      }
    });
  });
  it('takes nothing from a worker that was stopped, lost its lock, and goes on: what it runs is ended', async () => {
    await withRedis(async (redis) => {
      const directory = scratch();
      const zombie = await redis.worker(['--size', '1', '--lock', '1s']);
      const file = `${directory}/a`;
      const task = `echo x >>${file}; echo first; test $(wc -l <${file}) -ge 2 || { sleep 3; echo >${directory}/late; sleep 66.6; }`;
      const pool = begin(redis, [task]);
      try {
        await waitFor(() => linesOf(file).length === 1, 'the task is at work');
        zombie.signal('SIGSTOP');
        const other = await redis.worker(['--size', '1', '--lock', '1s']);
        const { code, stdout } = await pool.ended;
        expect(code).toBe(0);
        expect(recordsOf(stdout).map(({ state, stdout: text }) => [state, text])).toEqual([['succeeded', 'first\n']]);
        zombie.signal('SIGCONT');
        await waitFor(() => zombie.stderr.includes('its lock is lost'), 'the zombie notices');
        await waitFor(() => !zombie.family().some(({ command }) => command.includes('66.6')), 'its task is ended');
        expect(redis.leftKeys()).toEqual([]);
        await other.discard();
      } finally {
        await zombie.discard();
        await pool.discard();
      }
    });
  });
  it.each(['SIGTERM', 'SIGKILL'] as const)('goes on when Redis is ended by %s and started again', async (signal) => {
    await withRedis(async (redis) => {
      const directory = scratch();
      const worker = await redis.worker(['--size', '3']);
      const tasks = Array.from(
        { length: 60 },
        (_, index) => `echo ${index} >>${directory}/ran; sleep 0.2; echo ${index}`,
      );
      const pool = begin(redis, tasks);
      try {
        await waitFor(() => linesOf(`${directory}/ran`).length >= 6, 'some have run');
        await redis.end(signal);
        await waitFor(() => [pool, worker].every(({ stderr }) => stderr.includes('cut off from')), 'both notice');
        await redis.begin();
        const { code, stdout, stderr } = await pool.ended;
        expect(code).toBe(0);
        const records = recordsOf(stdout).sort((a, b) => a.seq - b.seq);
        expect(records.map(({ state, stdout: text }) => `${state} ${text}`)).toEqual(
          tasks.map((_, index) => `succeeded ${index}\n`),
        );
        expect(linesOf(`${directory}/ran`)).toHaveLength(60);
        for (const said of [stderr, worker.stderr]) {
          expect(said.match(/cut off from/g)).toHaveLength(1);
          expect(said.match(/is back after/g)).toHaveLength(1);
        }
        expect(redis.leftKeys()).toEqual([]);
      } finally {
        await worker.discard();
        await pool.discard();
      }
    });
  });
  it('settles each task once, as one machine does, though each worker is killed and Redis is restarted', async () => {
    await withRedis(async (redis) => {
      const tasks = Array.from({ length: 400 }, (_, index) => {
        if (index % 10 === 0) return `head -c ${3000 + index} /dev/zero; exit ${index % 70 === 0 ? 3 : 0}`;
        return index % 3 === 0 ? `sleep 0.02; echo ${index}` : ['printf', `${index}`];
      });
      const told = (stdout: Buffer) =>
        recordsOf(stdout)
          .sort((a, b) => a.seq - b.seq)
          .map(({ seq, state, exitCode, attempts, stdout: text }) => [seq, state, exitCode, attempts, text]);
      const args = ['--size', '4', '--lock', '1s'];
      const workers = await Promise.all([redis.worker(args), redis.worker(args), redis.worker(args)]);
      const pool = begin(redis, tasks);
      const settled = (count: number) => waitFor(() => recordCount(pool.stdout) >= count, `${count} have settled`);
      try {
        for (const [index, count] of [40, 120, 280].entries()) {
          await settled(count);
          workers[index]?.signal('SIGKILL');
          workers.push(await redis.worker(args));
          if (index !== 1) continue;
          await redis.end('SIGKILL');
          await redis.begin();
        }
        const { code, stdout } = await pool.ended;
        expect(code).toBe(1);
        const here = await runProcctl(['pool', '--json', '-'], { input: JSON.stringify(tasks) });
        expect(told(stdout)).toEqual(told(here.stdout));
        expect(redis.leftKeys()).toEqual([]);
      } finally {
        await Promise.all([pool, ...workers].map((procctl) => procctl.discard()));
      }
    });
  });
  it('loses no byte of what is written while Redis is away', async () => {
    await withRedis(async (redis) => {
      const directory = scratch();
      const worker = await redis.worker();
      const script = `i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); [ $((i % 100)) -eq 0 ] && sleep 0.1; done; : >${directory}/x`;
      const pool = begin(redis, [script]);
      try {
        await waitFor(() => redis.leftKeys().some((key) => key.includes(':output:')), 'output is on its way');
        await redis.end('SIGKILL');
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        await redis.begin();
        const { stdout } = await pool.ended;
        const expected = Array.from({ length: 3000 }, (_, index) => `line ${index}\n`).join('');
        expect(recordsOf(stdout)[0]?.stdout).toBe(expected);
      } finally {
        await worker.discard();
        await pool.discard();
      }
    });
  });
  it('ends with 125 when Redis does not come back, and its worker with it, which leaves nothing running', async () => {
    await withRedis(async (redis) => {
      const directory = scratch();
      const worker = await redis.worker(['--connect-timeout', '1s']);
      const pool = begin(redis, [`: >${directory}/a; sleep 63.1`], '--connect-timeout', '1s');
      try {
        await waitFor(() => existsSync(`${directory}/a`), 'the task is at work');
        await redis.end('SIGKILL');
        const [ended, gone] = await Promise.all([pool.ended, worker.ended]);
        for (const { code, stderr } of [ended, gone]) {
          expect(code).toBe(125);
          expect(stderr).toContain('has not come back within 1s');
        }
        expect(ended.left).toEqual([]);
        await waitFor(() => liveWithMark(worker.token).length === 0, 'nothing is left of the worker');
      } finally {
        await worker.discard();
        await pool.discard();
      }
    });
  });
  it('told twice to end leaves at once, though the worker that has its task does not answer', async () => {
    await withRedis(async (redis) => {
      const directory = scratch();
      const worker = await redis.worker();
      const pool = begin(redis, [`: >${directory}/a; sleep 64.2`]);
      try {
        await waitFor(() => existsSync(`${directory}/a`), 'the task is at work');
        worker.signal('SIGSTOP');
        pool.signal('SIGINT');
        await waitFor(() => redis.leftKeys().some((key) => key.includes(':end:')), 'the wish to end it');
        pool.signal('SIGINT');
        expect(statusOf(await pool.ended)).toBe(130);
        worker.signal('SIGCONT');
        await waitFor(
          () => !worker.family().some(({ command }) => command.includes('64.2')),
          'the worker ends the task',
        );
      } finally {
        await worker.discard();
        await pool.discard();
      }
    });
  });
  it('that is killed has its tasks ended once nobody waits for them', async () => {
    await withRedis(async (redis) => {
      const directory = scratch();
      const worker = await redis.worker(['--size', '1']);
      const pool = begin(redis, [`: >${directory}/a; sleep 65.3`, `: >${directory}/b`]);
      try {
        await waitFor(() => existsSync(join(directory, 'a')), 'the task is at work');
        pool.signal('SIGKILL');
        await pool.ended;
        // As time would do it, after the --connect-timeout and a minute.
        for (const key of redis.leftKeys()) if (key.includes(':batch:')) redis.cli('DEL', key);
        await waitFor(() => !worker.family().some(({ command }) => command.includes('65.3')), 'the task is ended');
        await waitFor(() => redis.cli('LLEN', 'bull:procctl:wait')[0] === '0', 'the queue is empty');
        await waitFor(() => redis.cli('LLEN', 'bull:procctl:active')[0] === '0', 'nothing is at work');
        expect(existsSync(join(directory, 'b'))).toBe(false);
      } finally {
        await worker.discard();
        await pool.discard();
      }
    });
  });
});
