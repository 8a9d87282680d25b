// How many workers and tasks one Redis carries: `node bench/simulate.mjs [--tasks N] [--workers 1,10,100,1000] [--ms 0,100,1000] [--slots N]
// [--most-seconds N] [--processes N] [--backlog N]`. A table goes to standard output, what is going on to standard error.
//
// The workers are simulated: BullMQ's own, a few hundred in each process, with the connections and the commands of `procctl worker`, and
// tasks that only wait. So is the pool. Redis is real, one for each row. A row ends with its tasks, or when its time is up.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Queue } from 'bullmq';
import { describeMachine, load } from './lib/machine.mjs';
import { cpuMsOf, sleepMs } from './lib/processes.mjs';
import { startRedis } from './lib/redis.mjs';
import { jobOf, QUEUE } from './peers/bullmq/protocol.mjs';

const { values: flags } = parseArgs({
  options: {
    /** Of each row, at most. */
    tasks: { type: 'string', default: '20000' },
    workers: { type: 'string', default: '1,10,100,1000' },
    /** How long a task takes. */
    ms: { type: 'string', default: '0,100,1000' },
    slots: { type: 'string', default: '1' },
    'most-seconds': { type: 'string', default: '20' },
    processes: { type: 'string', default: '2' },
    /** So many tasks are put in at once, to see what they take of memory; 0: none. */
    backlog: { type: 'string', default: '100000' },
  },
});
const list = (text) => text.split(',').map(Number);
const say = (text) => process.stderr.write(`simulate: ${text}\n`);
const directory = mkdtempSync(join(tmpdir(), 'procctl-simulate-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
const started = new Set();
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    for (const one of started) await one.close();
    process.exit(1);
  });
}

/** A program of peers/ that has said `ready`. It ends with this one. */
const start = async (file, ...args) => {
  const child = fork(fileURLToPath(new URL(`peers/bullmq/${file}`, import.meta.url)), args.map(String));
  const self = { child, pid: child.pid, last: {} };
  child.on('message', (message) => {
    if (message !== 'ready') self.last = message;
  });
  self.close = async () => {
    started.delete(self);
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  started.add(self);
  const [message] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
  if (message !== 'ready') throw new Error(`${file} has ended`);
  return self;
};

const withRedis = async (use) => {
  const server = await startRedis(directory, '--maxclients', '10000');
  const kept = { close: server.close };
  started.add(kept);
  try {
    return await use(server);
  } finally {
    started.delete(kept);
    await server.close();
  }
};

const share = (total, parts, part) => Math.floor(total / parts) + (part < total % parts ? 1 : 0);

/** @returns what was measured: tasks per second, costs of a task, memory */
const measure = ({ workers, slots, ms, tasks, mostSeconds, processes }) =>
  withRedis(async (server) => {
    const running = [];
    try {
      const parts = Math.min(processes, workers);
      for (let part = 0; part < parts; part += 1) {
        running.push(await start('simulated-workers.mjs', server.port, share(workers, parts, part), slots, ms));
      }
      const submitter = await start('simulated-submitter.mjs', server.port, tasks, Math.max(500, 2 * workers * slots));
      running.push(submitter);
      const look = async () => ({
        at: performance.now(),
        settled: submitter.last.settled ?? 0,
        workersMs: cpuMsOf(running.slice(0, -1).map(({ pid }) => pid)),
        submitterMs: cpuMsOf([submitter.pid]),
        ...(await server.costs()),
      });
      const before = await look();
      submitter.child.send('go');
      let after = before;
      while (after.settled < tasks && after.at - before.at < mostSeconds * 1000) {
        await Promise.race([once(submitter.child, 'message'), sleepMs(1000)]);
        after = await look();
      }
      const settled = after.settled;
      const per = (name) => (after[name] - before[name]) / settled;
      const seconds = (after.at - before.at) / 1000;
      return {
        workers,
        ms,
        settled,
        seconds,
        rate: settled / seconds,
        ideal: ms === 0 ? undefined : (workers * slots * 1000) / ms,
        redisUs: per('cpuMs') * 1000,
        redisShare: (after.cpuMs - before.cpuMs) / (seconds * 1000),
        workersUs: per('workersMs') * 1000,
        submitterUs: per('submitterMs') * 1000,
        commands: per('commands'),
        idleMib: before.memoryBytes / 2 ** 20,
        peakMib: after.peakBytes / 2 ** 20,
      };
    } finally {
      for (const one of running) await one.close();
    }
  });

const format = (value, digits = 0) =>
  value === undefined
    ? ''
    : value
        .toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits })
        .replaceAll(',', ' ');

const print = (...cells) => process.stdout.write(`| ${cells.join(' | ')} |\n`);

const { cpu, cores, kernel } = describeMachine();
process.stdout.write(`${cpu}, ${cores} cores; ${kernel}; node ${process.version}. `);
process.stdout.write(`${new Date().toISOString()}, load before: ${load()}.\n\n`);
print(
  'workers',
  'a task takes, ms',
  'tasks',
  'tasks/s',
  'of what the workers could do',
  'Redis, µs/task',
  'Redis, of a core',
  'workers, µs/task',
  'pool, µs/task',
  'commands/task',
  'Redis with idle workers, MiB',
  'at its peak, MiB',
);
print(...Array(12).fill('---:'));
for (const ms of list(flags.ms)) {
  for (const workers of list(flags.workers)) {
    say(`${workers} workers, tasks of ${ms} ms`);
    const row = await measure({
      workers,
      ms,
      slots: Number(flags.slots),
      tasks: Number(flags.tasks),
      mostSeconds: Number(flags['most-seconds']),
      processes: Number(flags.processes),
    });
    print(
      format(workers),
      format(ms),
      format(row.settled),
      format(row.rate),
      row.ideal === undefined ? '' : `${format((row.rate / row.ideal) * 100)} %`,
      format(row.redisUs),
      `${format(row.redisShare * 100)} %`,
      format(row.workersUs),
      format(row.submitterUs),
      format(row.commands, 1),
      format(row.idleMib, 1),
      format(row.peakMib, 1),
    );
  }
}

const backlog = Number(flags.backlog);
if (backlog > 0) {
  await withRedis(async (server) => {
    say(`${backlog} tasks in the queue at once`);
    const queue = new Queue(QUEUE, { connection: { host: '127.0.0.1', port: server.port } });
    const before = await server.costs();
    const startedAt = performance.now();
    for (let seq = 1; seq <= backlog; seq += 1000) {
      await queue.addBulk(Array.from({ length: Math.min(1000, backlog - seq + 1) }, (_, index) => jobOf(seq + index)));
    }
    const rate = (backlog * 1000) / (performance.now() - startedAt);
    const { memoryBytes } = await server.costs();
    await queue.close();
    const bytes = (memoryBytes - before.memoryBytes) / backlog;
    process.stdout.write(
      `\n${format(backlog)} tasks that wait: ${format(memoryBytes / 2 ** 20)} MiB, ${format(bytes)} bytes each; put in at ${format(rate)} a second.\n`,
    );
  });
}
process.exit();
