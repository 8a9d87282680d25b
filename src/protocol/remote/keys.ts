// What procctl keeps in Redis beside what BullMQ does; docs/pool-remote-format.md is the page for users.

/** The queue of those who name none. */
export const DEFAULT_QUEUE = 'procctl';

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
  /** Hash of a job, as BullMQ has it. */
  job: (jobId: string): string => `bull:${queue}:${jobId}`,
  /** Stream of events, as BullMQ has it. */
  events: `bull:${queue}:events`,
});

export type QueueKeys = ReturnType<typeof keysOf>;
