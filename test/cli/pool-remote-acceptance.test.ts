// 5000 tasks over three workers, each of which is killed once and replaced, with a Redis that loses its power once. PROCCTL_SEED
// says what happens when, and PROCCTL_REMOTE_TASKS how many tasks there are; the title of the test has its seed.
import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type JsonRecord, liveWithMark, recordsOf, runProcctl, startProcctl, waitFor } from '../helpers/procctl.ts';
import { randomNumbers } from '../helpers/random-list.ts';
import { hasRedis, withRedis } from '../helpers/redis.ts';

const TASKS = Number(process.env.PROCCTL_REMOTE_TASKS ?? 5000);
const SEED = Number(process.env.PROCCTL_SEED ?? randomBytes(3).readUIntBE(0, 3));
const WORKERS = 3;
/** Short, so that what a killed worker had runs again soon. */
const WORKER = ['--size', '4', '--lock', '2s'];

/** Ends well, if not at the first attempt. */
const taskOf = (index: number, random: () => number): unknown => {
  const kind = random();
  if (kind < 0.5) return ['printf', `%s\\n`, `${index}`];
  if (kind < 0.7) return `echo ${index}; echo err ${index} >&2`;
  if (kind < 0.8) return { command: 'cat', stdin: `in ${index}`, id: `t${index}` };
  if (kind < 0.9) return `yes ${index} | head -c ${Math.floor(random() * 20_000)}`;
  if (kind < 0.95) return `sleep 0.0${Math.floor(random() * 9)}; echo ${index}`;
  return `echo $PROCCTL_ATTEMPT; test $PROCCTL_ATTEMPT -eq 2`;
};

const digest = (text: string | null): string =>
  createHash('sha256')
    .update(text ?? '')
    .digest('hex');

const told = (stdout: Buffer): readonly unknown[][] =>
  recordsOf(stdout)
    .sort((a, b) => a.seq - b.seq)
    .map(({ seq, id, name, state, exitCode, signal, error, attempts, encoding, ...record }: JsonRecord) => {
      const output = [encoding ?? null, digest(record.stdout), digest(record.stderr)];
      return [seq, id, name, state, exitCode, signal, error, attempts, ...output];
    });

describe.runIf(hasRedis)('a pool on Redis', () => {
  it(`settles each of ${TASKS} tasks once, as one machine does, though every worker is killed and Redis is too (seed ${SEED})`, {
    timeout: 120_000 + TASKS * 60,
  }, async () => {
    const random = randomNumbers(SEED);
    const input = JSON.stringify(Array.from({ length: TASKS }, (_, index) => taskOf(index, random)));
    const args = ['--json', '--quiet', '--retries', '1'];
    const here = await runProcctl(['pool', ...args, '-'], { input });
    expect(here.code).toBe(0);
    await withRedis(async (redis) => {
      const workers = await Promise.all(Array.from({ length: WORKERS }, () => redis.worker(WORKER)));
      const pool = startProcctl(['pool', '--on', redis.url, ...args, '-'], { input });
      const count = { read: 0, lines: 0 };
      const settled = (): number => {
        const text = pool.stdout;
        for (; count.read < text.length; count.read += 1) if (text[count.read] === 10) count.lines += 1;
        return count.lines;
      };
      const blows = Array.from({ length: WORKERS + 1 }, (_, index) => ({
        at: Math.floor(random() * TASKS * 0.9),
        strike: async () => {
          if (index === WORKERS) {
            await redis.end('SIGKILL');
            await redis.begin();
            return;
          }
          workers[index]?.signal('SIGKILL');
          workers.push(startProcctl(['worker', redis.url, ...WORKER]));
        },
      })).sort((a, b) => a.at - b.at);
      try {
        for (const { at, strike } of blows) {
          await waitFor(() => settled() >= at || !pool.isRunning, `${at} have settled`, 60_000 + TASKS * 20);
          expect(pool.isRunning).toBe(true);
          await strike();
        }
        const { code, stdout, stderr } = await pool.ended;
        expect(stderr).toBe('');
        expect(code).toBe(0);
        expect(told(stdout)).toEqual(told(here.stdout));
        await waitFor(() => redis.leftKeys().length === 0, 'nothing is left in Redis');
        for (const worker of workers.slice(0, WORKERS)) {
          await waitFor(() => liveWithMark(worker.token).length === 0, 'nothing is left of a killed worker');
        }
      } finally {
        await Promise.all([pool, ...workers].map((procctl) => procctl.discard()));
      }
    });
  });
});
