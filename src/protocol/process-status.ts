import * as z from 'zod/mini';
import type { Life, ProcessRef } from '../core/process/life.ts';

/** The shim of a process: the generation that was launched last, and who it is once it has said so. */
export interface ShimRef {
  readonly generation: number;
  readonly ref: ProcessRef | null;
}

/** What is kept of a process besides its spec, `status.json`: replaced at every change. */
export interface ProcessStatus {
  readonly life: Life;
  /** null: no shim is needed, the process has come to rest. */
  readonly shim: ShimRef | null;
  /** The last generation ever used. */
  readonly generation: number;
  /** What pids, start times and monotonic times below belong to. */
  readonly bootId: string;
  /** Descendants once seen and not known to be gone. */
  readonly seen: readonly ProcessRef[];
}

const ref = z.object({ pid: z.int(), startTicks: z.number() });
const main = z.object({ pid: z.int(), startTicks: z.number(), startedAt: z.number(), startedMs: z.number() });
const outcome = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('exited'), exitCode: z.int() }),
  z.object({ kind: z.literal('signaled'), signal: z.string() }),
  z.object({ kind: z.literal('unknown'), why: z.string() }),
]);
const ending = z.object({
  run: z.int(),
  pid: z.nullable(z.int()),
  outcome,
  startedAt: z.number(),
  exitedAt: z.nullable(z.number()),
  uptimeMs: z.nullable(z.number()),
});
const endedBy = z.enum(['self', 'stop', 'shutdown', 'reboot']);
const next = z.discriminatedUnion('do', [
  z.object({ do: z.literal('rest'), endedBy }),
  z.object({ do: z.literal('start') }),
  z.object({ do: z.literal('decide') }),
]);
const state = z.discriminatedUnion('tag', [
  z.object({ tag: z.literal('ready'), run: z.int() }),
  // Earlier versions knew no pause.
  z.object({ tag: z.literal('running'), run: z.int(), main, isPaused: z._default(z.boolean(), false) }),
  z.object({
    tag: z.literal('waiting'),
    reason: z.enum(['backoff', 'paused']),
    dueMs: z.number(),
    delayMs: z.number(),
  }),
  z.object({
    tag: z.literal('stopping'),
    run: z.int(),
    main: z.nullable(main),
    ending: z.nullable(ending),
    isCleared: z.boolean(),
    next,
  }),
  z.object({ tag: z.literal('exited'), endedBy: z.nullable(endedBy) }),
  z.object({ tag: z.literal('failed'), why: z.string() }),
]);
const status = z.object({
  life: z.object({
    state,
    wanted: z.enum(['up', 'down']),
    run: z.int(),
    restarts: z.int(),
    streak: z.int(),
    recent: z.array(z.number()),
    history: z.array(ending),
  }),
  shim: z.nullable(z.object({ generation: z.int(), ref: z.nullable(ref) })),
  generation: z.int(),
  bootId: z.string(),
  seen: z.array(ref),
});

/** Checks what was read from a `status.json`; undefined when it is not what this version wrote. */
export const parseStatus = (value: unknown): ProcessStatus | undefined => {
  const result = status.safeParse(value);
  return result.success ? result.data : undefined;
};
