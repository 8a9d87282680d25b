// Pools on Redis and bare BullMQ at the same work. Each way has a Redis of its own, a worker that runs before the clock starts and has
// done some jobs already, and a producer whose whole life is measured, from its start to its end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { childrenOf, cpuMsOf } from './processes.mjs';
import { startRedis } from './redis.mjs';
import { timedRun } from './timed-run.mjs';

const WARM_UP = 5000;

/** A process and all it has started. */
const family = (pid) => [pid, ...childrenOf(pid).flatMap(family)];

const startWorker = async (command, env, isReady) => {
  const [program, ...args] = command;
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  await new Promise((resolve, reject) => {
    let text = '';
    const look = (bytes) => {
      text += bytes;
      if (isReady.test(text)) resolve();
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.once('exit', () => reject(new Error(`${command.join(' ')}: ${text}`)));
  });
  return child;
};

const stopWorker = async (child) => {
  child.removeAllListeners('exit');
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
};

/** Of a command that has run by `withTimes`: its user and system time and that of the children it has waited for, ms. */
const cpuMsIn = (file) =>
  [...readFileSync(file, 'latin1').matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (total, [, minutes, seconds]) => total + (Number(minutes) * 60 + Number(seconds)) * 1000,
    0,
  );

/** bash says what its children have taken, in thousandths of a second. */
const withTimes = (file, command) => ['bash', '-c', `"$@"; status=$?; times >"$0"; exit $status`, file, ...command];

/**
 * @param way `worker(port)` and `producer(port, count, directory)`, commands; `isReady`, what the worker says
 * @returns ways for measure-work.mjs, with `more` for the columns `COSTS`
 */
export const remoteWay = ({ directory }, { name, kind, amount, worker, producer, isReady, ...rest }) => ({
  ...rest,
  name,
  kind,
  amount,
  measure: async () => {
    const own = mkdtempSync(join(directory, 'remote-'));
    const env = { ...process.env, PROCCTL_HOME: join(own, 'home') };
    const server = await startRedis(own);
    const child = await startWorker(worker(server.port), env, isReady);
    try {
      await timedRun({ command: producer(server.port, WARM_UP, own), env });
      const before = { ...(await server.costs()), workerMs: cpuMsOf(family(child.pid)) };
      const times = join(own, 'times');
      const { elapsedMs } = await timedRun({ command: withTimes(times, producer(server.port, amount, own)), env });
      const after = { ...(await server.costs()), workerMs: cpuMsOf(family(child.pid)) };
      const perJob = (from) => (after[from] - before[from]) / amount;
      const producerMs = cpuMsIn(times) / amount;
      return {
        elapsedMs,
        more: {
          'CPU of the submitter, µs/job': producerMs * 1000,
          'of the worker': perJob('workerMs') * 1000,
          'of Redis': perJob('cpuMs') * 1000,
          'commands/job': perJob('commands'),
          'reads/job': perJob('reads'),
        },
      };
    } finally {
      await stopWorker(child);
      await server.close();
    }
  },
});

export const COSTS = ['CPU of the submitter, µs/job', 'of the worker', 'of Redis', 'commands/job', 'reads/job'];

const peer = (root, file) => join(root, 'bench', 'peers', 'bullmq', file);

const bareWorker =
  ({ root }, concurrency, where, queue) =>
  (port) => [process.execPath, peer(root, 'worker.mjs'), String(port), String(concurrency), where, queue];

/** @param way `bulk` or `window`, @param where `here` or `sandbox`, as the programs have it */
export const bareWay = (bench, name, { amount, concurrency, way, size, where = 'here' }) =>
  remoteWay(bench, {
    name,
    kind: 'peer',
    amount,
    isReady: /ready/,
    worker: bareWorker(bench, concurrency, where, 'bench'),
    producer: (port, count) => [
      process.execPath,
      peer(bench.root, 'producer.mjs'),
      ...[port, count, way, size].map(String),
    ],
  });

const pool =
  ({ procctl }, size, task) =>
  (port, count, own) => {
    const file = join(own, `tasks-${count}.json`);
    writeFileSync(file, JSON.stringify(Array(count).fill(task)));
    const on = ['--on', `redis://127.0.0.1:${port}`, '--size', String(size)];
    return [process.execPath, procctl, 'pool', '--quiet', ...on, file];
  };

/** @param task of a tasks file, the same for each */
export const procctlWay = (bench, name, { amount, concurrency, size, task }) =>
  remoteWay(bench, {
    name,
    kind: 'procctl',
    amount,
    isReady: /connected to/,
    worker: (port) => [
      process.execPath,
      bench.procctl,
      'worker',
      `redis://127.0.0.1:${port}`,
      '--size',
      String(concurrency),
    ],
    producer: pool(bench, size, task),
  });

/** A pool of procctl whose tasks a worker of BullMQ does, by doing nothing. */
export const mixedWay = (bench, name, { amount, concurrency, size, task }) =>
  remoteWay(bench, {
    name,
    kind: 'procctl',
    amount,
    isReady: /ready/,
    worker: bareWorker(bench, concurrency, 'here', 'procctl'),
    producer: pool(bench, size, task),
  });

/** The task that does nothing, as a function. */
export const nothing = ({ root }) => ({ module: peer(root, 'nothing.mjs') });
