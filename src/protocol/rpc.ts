// What clients and the daemon say to each other: JSON-RPC 2.0, one message a line, over a unix socket. Try it with
// `nc -U`. This is the one place that names the methods and their shapes; the daemon checks every request by it.
import * as z from 'zod/mini';
import type { ErrorCode } from '../errors.ts';
import { FACES, type ProcessDetails, type ProcessView } from './process-view.ts';
import { spawnRequestSchema } from './spawn-schema.ts';

/** The longest line of a request: an environment and arguments may be 2 MB on Linux. */
export const MAX_REQUEST_BYTES = 3 * 1024 ** 2;

const MAX_NAMES = 10_000;
const names = z.array(z.string()).check(z.minLength(1), z.maxLength(MAX_NAMES));
const timeoutMs = z.nullable(z.number().check(z.gte(0)));

/** The parameters of each method. Unknown ones are left out, so that a newer client can say more. */
export const PARAMS = {
  'daemon.status': z.object({}),
  /** Ends the daemon; with `keep` the processes live on. */
  'daemon.stop': z.object({ keep: z.boolean() }),
  'daemon.restore': z.object({}),
  'process.list': z.object({ wide: z.boolean() }),
  /**
   * What `ps` says of some (of all, without names) when it is not to a terminal. The daemon is warm, and `ps` is not: it has
   * its rows in a tenth of the time.
   */
  'process.table': z.object({
    names: z.array(z.string()).check(z.maxLength(MAX_NAMES)),
    face: z.enum(FACES),
    wide: z.boolean(),
    headers: z.boolean(),
  }),
  'process.show': z.object({ names, env: z.boolean() }),
  'process.spawn': z.object({ request: spawnRequestSchema, token: z.string().check(z.minLength(8), z.maxLength(64)) }),
  'process.start': z.object({ names }),
  'process.restart': z.object({ names }),
  /** Here and in `remove`: with `now`, SIGKILL at once. */
  'process.stop': z.object({ names, now: z.boolean() }),
  'process.remove': z.object({ names, now: z.boolean() }),
  'process.signal': z.object({ names, signal: z.string(), tree: z.boolean() }),
  'process.pause': z.object({ names }),
  'process.resume': z.object({ names }),
  'process.wait': z.object({ names, timeoutMs }),
} as const;

export type Method = keyof typeof PARAMS;
export type ParamsOf<M extends Method> = z.infer<(typeof PARAMS)[M]>;

export interface DaemonStatus {
  readonly running: boolean;
  readonly pid: number | null;
  readonly version: string | null;
  readonly home: string;
  readonly socket: string;
  /** ISO 8601. */
  readonly startedAt: string | null;
  /** How many there are, and how many of them are alive. */
  readonly processes: number;
  readonly alive: number;
  readonly memoryBytes: number | null;
}

/** A process that something was done to. */
export interface Done {
  readonly id: number;
  readonly name: string;
  readonly pid: number | null;
  /** Members of its family that had to be killed. */
  readonly killed: number;
  /** What could not be done; null: all is well. */
  readonly problem: { readonly code: ErrorCode; readonly message: string; readonly hint?: string } | null;
}

export interface Waited {
  readonly id: number;
  readonly name: string;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Why neither is known, or why it has failed; null otherwise. */
  readonly reason: string | null;
}

export interface Started {
  readonly id: number;
  readonly name: string;
  readonly pid: number | null;
  readonly instance: number | null;
  /** The directory of its logs. */
  readonly logs: string;
}

export interface Results {
  'daemon.status': DaemonStatus;
  'daemon.stop': { readonly ended: readonly Done[] };
  'daemon.restore': { readonly done: readonly Done[] };
  'process.list': { readonly processes: readonly ProcessView[] };
  /** The text; or those processes, where it takes the widths of characters to lay them out. */
  'process.table': { readonly text: string } | { readonly processes: readonly ProcessView[] };
  'process.show': { readonly processes: readonly ProcessDetails[] };
  'process.spawn': { readonly processes: readonly Started[] };
  'process.start': { readonly done: readonly Done[] };
  'process.restart': { readonly done: readonly Done[] };
  'process.stop': { readonly done: readonly Done[] };
  'process.remove': { readonly done: readonly Done[] };
  'process.signal': { readonly done: readonly Done[] };
  'process.pause': { readonly done: readonly Done[] };
  'process.resume': { readonly done: readonly Done[] };
  'process.wait': { readonly ended: readonly Waited[] };
}
