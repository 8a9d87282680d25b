// What procctl's pool and worker say to Redis, as docs/pool-remote-format.md has it, for programs that stand in for many of them.
export const QUEUE = 'procctl';
export const BATCH = 'simulation';
export const EVENTS_KEY = `bull:${QUEUE}:events`;
export const batchKey = `procctl:${QUEUE}:batch:${BATCH}`;
export const endKey = (jobId) => `procctl:${QUEUE}:end:${jobId}`;

const ENDING = [['SIGTERM', 5000]];

export const jobOf = (seq) => ({
  name: 'task',
  data: {
    version: 1,
    task: { id: String(seq), name: 'sleep', command: ['sleep', '0.1'] },
    seq,
    attempt: 1,
    output: 'stream',
    ending: ENDING,
    batch: BATCH,
  },
  opts: { jobId: `${BATCH}-${seq}-1`, attempts: 1, removeOnComplete: { age: 3600 }, removeOnFail: { age: 3600 } },
});

export const endRecord = (durationMs, slot) => ({
  version: 1,
  exitCode: 0,
  signal: null,
  error: null,
  timedOutMs: null,
  durationMs,
  host: 'simulated',
  pid: process.pid,
  slot,
  execution: 1,
  output: { chunks: 0, bytes: 0 },
});

/** Calls `take` with all that was added while the event loop went round once. */
export const gathered = (take) => {
  let items = [];
  return (item) => {
    items.push(item);
    if (items.length > 1) return;
    setImmediate(() => {
      const all = items;
      items = [];
      take(all);
    });
  };
};
