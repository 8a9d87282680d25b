// What procctl keeps in Redis beside what BullMQ does; docs/pool-remote-format.md is the page for users.

/** The queue of those who name none. */
export const DEFAULT_QUEUE = 'procctl';

/** The keys of a batch that was handed over. */
export interface DetachedKeys {
  /** Hash: what is known of it, and how far it is. */
  readonly meta: string;
  /** Hash: how far each task is, by its position. */
  readonly state: string;
  /** Stream: all that has happened to its tasks. */
  readonly log: string;
  /** Hash: the tasks, by their positions. */
  readonly tasks: string;
  /** Sorted set: in which order they are to begin. */
  readonly order: string;
}

/** Keys of a queue. `:` is in no queue's name. */
export const keysOf = (queue: string) => ({
  /** Stream: what an execution of a job (the first is 1) has written and nobody has read yet. */
  output: (jobId: string, execution: number): string => `procctl:${queue}:output:${jobId}:${execution}`,
  /** String, `graceful` or `now`: the attempt is to be ended, or not to be begun. */
  end: (jobId: string): string => `procctl:${queue}:end:${jobId}`,
  /** Its presence: somebody waits for the jobs of this batch. */
  batch: (batch: string): string => `procctl:${queue}:batch:${batch}`,
  /** Channel: the id of a job whose `end` has been set. */
  ends: `procctl:${queue}:ends`,
  /** Stream of one submitter, for its own reader: there is more to be read. */
  wake: (batch: string): string => `procctl:${queue}:wake:${batch}`,
  /** Hash: batches that were handed over (`pool --detach`), their ids by their names. */
  batches: `procctl:${queue}:batches`,
  /** All that is kept of one of them, each its own key. @param id of the batch */
  detached: (id: string): DetachedKeys => {
    const key = (part: string): string => `procctl:${queue}:detached:${id}:${part}`;
    return { meta: key('meta'), state: key('state'), log: key('log'), tasks: key('tasks'), order: key('order') };
  },
  /** What the keys of jobs begin with, as BullMQ has them; that of a lock ends with `:lock`. */
  jobs: `bull:${queue}:`,
  /** Hash of a job, as BullMQ has it. */
  job: (jobId: string): string => `bull:${queue}:${jobId}`,
  /** String, as BullMQ has it: the token of the worker that has the job. */
  lock: (jobId: string): string => `bull:${queue}:${jobId}:lock`,
  /** All keys that a job may have once it has ended, as BullMQ has them. */
  ofJob: (jobId: string): readonly string[] => [`bull:${queue}:${jobId}`, `bull:${queue}:${jobId}:logs`],
  /** Sorted set of the jobs that have ended in this way, as BullMQ has it. */
  ended: (how: 'completed' | 'failed'): string => `bull:${queue}:${how}`,
  /** List of the ids of jobs that are being done, the newest first, as BullMQ has it. */
  active: `bull:${queue}:active`,
  /** Stream of events, as BullMQ has it. */
  events: `bull:${queue}:events`,
});

export type QueueKeys = ReturnType<typeof keysOf>;
