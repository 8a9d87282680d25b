import { constants } from 'node:os';
import { gracefully } from '../../core/pool/term-sequence.ts';
import { EXIT, exitStatusOfSignal } from '../../errors.ts';
import type { AllowRule } from '../../protocol/remote/allow-rule.ts';
import { parseRedisTarget } from '../../protocol/remote/redis-target.ts';
import { loadRemotePackages } from '../../runtime/remote/packages.ts';
import { QueueWorker } from '../../runtime/remote/queue-worker.ts';
import { isOurs, say as sayNow, tell } from '../tell.ts';
import type { ConnectFlags } from './connect-options.ts';
import { hideSecrets, queueKey, withoutSecretVariables } from './hide-secrets.ts';
import { leaveSoon } from './leave-soon.ts';
import { talkingLink } from './link-talk.ts';

const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The options of `procctl worker`, as commander delivers them. */
export interface WorkerFlags extends ConnectFlags {
  readonly size: number;
  readonly allow: readonly AllowRule[];
  /** ms */
  readonly drainTimeout: number;
  /** ms */
  readonly stopTimeout: number;
  /** ms */
  readonly lock: number;
  /** bytes */
  readonly outputMax: number;
  readonly runner: 'auto' | 'spawn';
  readonly quiet: boolean;
}

/** Runs tasks until it is told to end; resolves to the exit status. */
export const runWorker = async (url: string, flags: WorkerFlags): Promise<number> => {
  const { queue, size, allow, lock: lockMs, outputMax: maxOutputBytes, runner } = flags;
  const target = parseRedisTarget(url, process.env);
  hideSecrets(target);
  const directory = process.cwd();
  const packages = loadRemotePackages(directory);
  const say = (line: string): void => {
    if (!flags.quiet) sayNow(line);
  };
  let finish = (_status: number): void => {};
  const finished = new Promise<number>((resolve) => {
    finish = resolve;
  });
  const fail = (error: unknown): void => {
    tell(error);
    finish(isOurs(error) ? error.exitStatus : EXIT.internal);
  };
  const link = talkingLink({
    target,
    packages,
    timeoutMs: flags.connectTimeout,
    say,
    onUp: (isFirst) => {
      if (isFirst) say(`connected to ${target.name}, queue ${queue}, ${size} at a time`);
    },
    onLost: fail,
  });
  const worker = new QueueWorker(
    packages,
    link,
    {
      queue,
      size,
      allow,
      key: queueKey(process.env),
      lockMs,
      maxOutputBytes,
      runner,
      ending: gracefully(flags.stopTimeout),
      env: withoutSecretVariables(process.env),
      directory,
    },
    { say, onFailed: fail },
  );
  let isEnding = false;
  const onSignal = (name: NodeJS.Signals): void => {
    if (isEnding) {
      worker.handBackNow();
      finish(exitStatusOfSignal(constants.signals[name]));
      return;
    }
    isEnding = true;
    const { runningCount } = worker;
    if (runningCount > 0) {
      say(
        `ending: ${runningCount} at work may finish within ${flags.drainTimeout / 1000}s; once more to end them at once`,
      );
    }
    worker.drain(flags.drainTimeout).then(() => finish(EXIT.done), fail);
  };
  for (const name of ENDING_SIGNALS) process.on(name, onSignal);
  try {
    return await finished;
  } finally {
    await worker.close();
    await link.close();
    for (const name of ENDING_SIGNALS) process.off(name, onSignal);
    leaveSoon();
  }
};
