import type { TaskSpec } from '../../core/pool/task.ts';
import { KILL_PATIENCE_MS, type TermSequence } from '../../core/pool/term-sequence.ts';
import { nameOfCommand } from '../command-name.ts';
import { show, showPath } from '../show.ts';
import { attemptDocument } from '../task-document.ts';
import { checkTask, type TaskInput } from '../task-schema.ts';
import { BadJob } from './bad-job.ts';
import { type CallDocument, callDocument, readCall } from './call-document.ts';
import { plainJobTask } from './plain-job-task.ts';

export { BadJob };

/** Of jobs and of end records. */
export const FORMAT_VERSION = 1;

/** Longer ones are not submitted, bytes of JSON: they would stand in the memory of Redis. */
export const MAX_JOB_BYTES = 16 * 1024 * 1024;

/** Longer results are not sent, characters of JSON or base64; for the same reason. */
export const MAX_RESULT_CHARS = 16 * 1024 * 1024;

/** The data of a job: one attempt at a task. */
export interface JobData {
  readonly version: number;
  /** As in a tasks file; or else there is `call`. */
  readonly task?: unknown;
  readonly call?: CallDocument;
  readonly seq?: number;
  readonly attempt?: number;
  readonly usesSlot?: boolean;
  readonly output?: 'stream' | 'none';
  readonly ending?: readonly (readonly [signal: string, waitMs: number])[];
  readonly batch?: string;
  readonly nice?: number;
  readonly memoryMax?: number;
  readonly signature?: string;
}

/** A job, checked. */
export interface RemoteJob {
  readonly task: TaskSpec;
  readonly attempt: number;
  readonly isOutputWanted: boolean;
  readonly ending: TermSequence | undefined;
  readonly batch: string | undefined;
  /** Added to the niceness of the worker, from 0 to 19. */
  readonly nice: number;
  /** Bytes that its processes may use together; undefined: as many as there are. */
  readonly memoryMax: number | undefined;
}

/** How attempts are run, and ended. */
export interface JobManner {
  readonly ending: TermSequence;
  /** From 0 to 19; absent: 0. */
  readonly nice?: number;
  /** Bytes; absent: no limit. */
  readonly memoryMax?: number | undefined;
}

/** Which attempt a job is, and of whose batch. */
export interface JobAttempt {
  readonly attempt: number;
  /** 0: no limit. */
  readonly timeoutMs: number;
  readonly batch: string;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

export const jobDataOf = (
  task: TaskSpec,
  { attempt, timeoutMs, batch }: JobAttempt,
  { ending, nice = 0, memoryMax }: JobManner,
): JobData => {
  const { command, seq, usesSlot } = task;
  const data: Writable<JobData> = { version: FORMAT_VERSION };
  if (command.kind === 'function' && command.call !== undefined) {
    data.call = callDocument(command, command.call, timeoutMs);
  } else data.task = attemptDocument(task, timeoutMs);
  data.seq = seq;
  data.attempt = attempt;
  if (usesSlot === true) data.usesSlot = true;
  data.output = 'stream';
  data.ending = ending.steps.map(({ signal, waitMs }) => [signal, waitMs] as const);
  if (nice !== 0) data.nice = nice;
  if (memoryMax !== undefined) data.memoryMax = memoryMax;
  data.batch = batch;
  return data;
};

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 1;

/** @throws BadJob */
const checked = (task: unknown): TaskInput => {
  const result = checkTask(task);
  if ('value' in result) return result.value;
  throw new BadJob(`${showPath(['task', ...result.problem.path])}: ${result.problem.message}`);
};

/** @throws BadJob */
const taskOf = (task: unknown, seq: number, usesSlot: boolean): TaskSpec => {
  const { id = String(seq), name, command, cwd, env, stdin, timeout } = plainJobTask(task) ?? checked(task);
  return {
    seq,
    id,
    name: name ?? nameOfCommand(command),
    command,
    ...(cwd !== undefined && { cwd }),
    ...(env !== undefined && { env }),
    ...(stdin !== undefined && { stdin }),
    ...(timeout !== undefined && { timeoutMs: timeout }),
    ...(usesSlot && { usesSlot }),
  };
};

/** @throws BadJob */
const taskOfCall = (call: unknown, seq: number): TaskSpec => {
  const { command, timeoutMs } = readCall(call);
  return { seq, id: String(seq), name: nameOfCommand(command), command, ...(timeoutMs > 0 && { timeoutMs }) };
};

const endingOf = (value: unknown, signals: ReadonlySet<string>): TermSequence | undefined => {
  if (value === undefined) return undefined;
  const isStep = (step: unknown): step is readonly [NodeJS.Signals, number] =>
    Array.isArray(step) && signals.has(step[0]) && Number.isFinite(step[1]) && step[1] >= 0;
  if (!Array.isArray(value) || !value.every(isStep)) {
    throw new BadJob(`ending: expected pairs such as ["SIGTERM", 5000], got ${show(value)}`);
  }
  return { steps: value.map(([signal, waitMs]) => ({ signal, waitMs })), patienceMs: KILL_PATIENCE_MS };
};

/**
 * Checks the data of a job.
 *
 * @param signals names of the signals there are
 * @throws BadJob
 */
export const readJob = (data: unknown, signals: ReadonlySet<string>): RemoteJob => {
  if (typeof data !== 'object' || data === null) throw new BadJob(`expected an object, got ${show(data)}`);
  const { version, task, call, seq = 1, attempt = 1, usesSlot, output = 'none', ending, batch } = data as JobData;
  const { nice = 0, memoryMax } = data as JobData;
  if (version !== FORMAT_VERSION) throw new BadJob(`version: expected ${FORMAT_VERSION}, got ${show(version)}`);
  if (!isCount(seq)) throw new BadJob(`seq: expected a whole number from 1, got ${show(seq)}`);
  if (!isCount(attempt)) throw new BadJob(`attempt: expected a whole number from 1, got ${show(attempt)}`);
  if (output !== 'stream' && output !== 'none') {
    throw new BadJob(`output: expected "stream" or "none", got ${show(output)}`);
  }
  if (batch !== undefined && typeof batch !== 'string')
    throw new BadJob(`batch: expected a string, got ${show(batch)}`);
  if (!Number.isInteger(nice) || nice < 0 || nice > 19) {
    throw new BadJob(`nice: expected a whole number from 0 to 19, got ${show(nice)}`);
  }
  if (memoryMax !== undefined && !isCount(memoryMax)) {
    throw new BadJob(`memoryMax: expected a number of bytes, got ${show(memoryMax)}`);
  }
  if (call !== undefined && task !== undefined) throw new BadJob('a job has either a "task" or a "call"');
  return {
    task: call === undefined ? taskOf(task, seq, usesSlot === true) : taskOfCall(call, seq),
    attempt,
    isOutputWanted: output === 'stream',
    ending: endingOf(ending, signals),
    batch,
    nice,
    memoryMax,
  };
};
