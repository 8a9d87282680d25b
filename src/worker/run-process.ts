import { inspect } from 'node:util';
import { encodeValue } from '../protocol/values/codec.ts';
import { FROM_WORKER, type ProcessStart } from '../protocol/worker-frames.ts';
import type { WorkerChannel } from './channel.ts';
import { encodeError } from './encode-error.ts';
import { loadTarget } from './load-target.ts';

/**
 * Runs the target of a `Process`. Afterwards the process ends as any of Node does: when nothing is left to do. A target that throws ends it
 * at once, with exit code 1 and the error on standard error, as in Python.
 */
export const runProcess = async ({ identity, target, args }: ProcessStart, channel: WorkerChannel): Promise<void> => {
  const fail = (type: number, error: unknown): void => {
    channel.send(type, encodeError(error));
    process.stderr.write(`Process ${identity.name}:\n${inspect(error)}\n`);
    process.exit(1);
  };
  let fn: Awaited<ReturnType<typeof loadTarget>>;
  try {
    fn = await loadTarget(target);
  } catch (error) {
    fail(FROM_WORKER.cannotLoad, error);
    return;
  }
  try {
    channel.send(FROM_WORKER.returned, encodeValue(await fn(...args), 'result'));
  } catch (error) {
    fail(FROM_WORKER.threw, error);
  }
};
