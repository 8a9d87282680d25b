import type { ProcessPolicy } from '../core/process/policy.ts';

/** A soft and a hard limit as in setrlimit(2); null is unlimited. */
export interface ResourceLimit {
  readonly soft: number | null;
  readonly hard: number | null;
}

/** The limits a POSIX shell can set, by the names of prlimit(1). */
export const LIMIT_NAMES = [
  'core',
  'cpu',
  'data',
  'fsize',
  'memlock',
  'nofile',
  'nproc',
  'rss',
  'stack',
  'as',
] as const;
export type LimitName = (typeof LIMIT_NAMES)[number];

/** What is to be known of a batch, `procctl pool --detach`: it ends and pauses its tasks itself, if it is asked to. */
export interface BatchSpec {
  /** The directory in `batches` of the home that holds its input, and is removed with it; null: it has none. */
  readonly input: string | null;
  /** Replaces `argv` in all runs but the first; null: they are all alike. */
  readonly argvAgain: readonly string[] | null;
}

/** A name that `BatchSpec.input` may be: it cannot lead out of its directory. */
export const BATCH_INPUT_NAME = /^[0-9a-f]+(?:-[0-9a-f]+)*$/;

/** What a caller asks to be supervised. Text may hold escaped bytes (see `bytes.ts`). */
export interface SpawnRequest {
  /** Checked by `parseProcessName`; null: made from `defaultName`, and made unique. */
  readonly name: string | null;
  /** A valid name made from the script or program. */
  readonly defaultName: string;
  /** Absent: one process, not numbered. */
  readonly instances: number | null;
  /** The program and its arguments, interpreter included; the program is a path or is looked up in the PATH of `env`. */
  readonly argv: readonly string[];
  /** What the user typed, in one line, for people. */
  readonly command: string;
  /** Absolute. */
  readonly cwd: string;
  /** The whole environment of the process, without what procctl adds. */
  readonly env: Readonly<Record<string, string>>;
  readonly policy: ProcessPolicy;
  /** `SIGTERM` … */
  readonly stopSignal: string;
  /** From the stop signal to SIGKILL. */
  readonly stopTimeoutMs: number;
  readonly logMaxBytes: number;
  /** Files of logs kept, the one being written included. */
  readonly logKeep: number;
  /** Niceness -20..19; null: inherited. */
  readonly nice: number | null;
  readonly limits: Readonly<Partial<Record<LimitName, ResourceLimit>>>;
  /** Permission bits taken from new files; null: as the daemon has it. */
  readonly umask: number | null;
  /** Root only: who it runs as; null: the daemon's user. */
  readonly user: { readonly name: string; readonly uid: number; readonly gid: number } | null;
  /** The file it reads as its standard input, absolute; null or absent: nothing. */
  readonly stdin?: string | null;
  /** null or absent: no batch. */
  readonly batch?: BatchSpec | null;
  /** Started again after a reboot, or after the daemon was stopped, if it was running then. */
  readonly boot: boolean;
}

/** What is kept of a process in its directory, `spec.json`; it never changes. */
export interface ProcessSpec extends Omit<SpawnRequest, 'name' | 'defaultName' | 'instances'> {
  readonly id: number;
  readonly name: string;
  /** The name without its number, for `--instances`; otherwise equal to `name`. */
  readonly group: string;
  /** From 1; null without `--instances`. */
  readonly instance: number | null;
  /** Chosen by the client: a request that is repeated, because its answer was lost, starts nothing twice. */
  readonly token: string;
  /** Wall clock, ms since 1970. */
  readonly createdAt: number;
}
