import { bareWay, COSTS, mixedWay, nothing, procctlWay } from '../lib/remote-ways.mjs';

const COUNT = 5000;
const CONCURRENCY = 8;
const WINDOW = 500;

export default {
  title: `Pools on Redis: ${COUNT} jobs that do nothing, ${CONCURRENCY} at a time, beside bare BullMQ`,
  about: `Each way has a Redis of its own, on a loopback port, without a file; a worker that has done as many jobs before; and a submitter whose
whole life is measured, with its start. Bare BullMQ: jobs without data whose processor returns at once, in the worker's own process, put in by
\`addBulk\` in pieces of ${WINDOW}, or one by one with ${WINDOW} in the queue at a time; their ends are heard by QueueEvents, their results thrown away,
the jobs removed by Redis at their end. Its sandboxed processor runs the same function in processes of their own. procctl: a tasks file, ${WINDOW} in
the queue at a time (\`--size\`), each task run in a process of its own (a function in one that lives on), its output captured, its end recorded. CPU time is user and system time: of the submitter, of
the worker with all it has started, of Redis. Commands count those in BullMQ's scripts; reads are how often Redis has read from a connection.`,
  unit: 'jobs/s',
  isMoreBetter: true,
  against: 'BullMQ, addBulk',
  moreColumns: COSTS,
  repetitions: 5,
  goals: [
    {
      label: 'a pool, in 1.5 × the time of bare BullMQ',
      text: 'a pool with the worker of BullMQ: at least 0.67 × the jobs/s of bare BullMQ, which is 1.5 × its time',
      way: 'procctl pool, the worker of BullMQ',
      against: 'BullMQ, addBulk',
      atLeast: 1 / 1.5,
    },
    {
      label: 'with a worker, the same beside a sandbox',
      text: 'pool and worker: the same beside a processor that is, as every task of procctl, in a process of its own',
      way: 'procctl, a function',
      against: 'BullMQ, one by one, sandboxed processor',
      atLeast: 1 / 1.5,
    },
    {
      label: 'with a worker, the same beside none',
      text: 'pool and worker: the same beside a processor in the process of the worker',
      way: 'procctl, a function',
      against: 'BullMQ, addBulk',
      atLeast: 1 / 1.5,
    },
  ],
  valueOf: (elapsedMs, jobs) => (jobs / elapsedMs) * 1000,
  ways: (bench) => {
    const same = { amount: COUNT, concurrency: CONCURRENCY, size: WINDOW };
    return [
      bareWay(bench, 'BullMQ, addBulk', { ...same, way: 'bulk' }),
      bareWay(bench, 'BullMQ, one by one', { ...same, way: 'window' }),
      bareWay(bench, 'BullMQ, one by one, sandboxed processor', { ...same, way: 'window', where: 'sandbox' }),
      mixedWay(bench, 'procctl pool, the worker of BullMQ', { ...same, task: nothing(bench) }),
      procctlWay(bench, 'procctl, a function', { ...same, task: nothing(bench) }),
      procctlWay(bench, 'procctl, `:` of the shell', { ...same, task: ':' }),
      procctlWay(bench, 'procctl, /bin/true', { ...same, task: ['/bin/true'] }),
    ].map((way) => ({ ...way, needs: 'redis' }));
  },
};
