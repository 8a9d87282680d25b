import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { printable } from '../../../core/printable.ts';
import { EXIT, exitStatusOfSignal, ProcctlError } from '../../../errors.ts';
import { show } from '../../../protocol/show.ts';
import { LOST_RECORD } from '../../../runtime/remote/batches/batch-attempt.ts';
import { clearJobs } from '../../../runtime/remote/batches/batch-removal.ts';
import { Sweep } from '../../../runtime/remote/batches/sweep.ts';
import type { PoolFlags } from '../flags.ts';
import { onBatch } from './on-batch.ts';

const LOOK_MS = 300;
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const text = (count: number): string => `${count} ${count === 1 ? 'task' : 'tasks'}`;

/** Stops a batch, and waits until nothing of it runs; resolves to the exit status. Told to end, it leaves the rest to workers. */
export const stopBatch = (url: string, name: string, flags: PoolFlags): Promise<number> =>
  onBatch(url, name, flags, async ({ batch, store, queue, tell }) => {
    const shown = printable(batch.name);
    if (batch.sealedAt === null) {
      throw new ProcctlError('ERR_BATCH', `the batch ${show(name)} is still being submitted: nothing of it runs`, {
        hint: 'end the command that submits it',
      });
    }
    let signal: NodeJS.Signals | undefined;
    const onSignal = (given: NodeJS.Signals): void => {
      signal ??= given;
    };
    for (const one of ENDING_SIGNALS) process.on(one, onSignal);
    try {
      const left = (await store.stop(batch.id, flags.now ? 'now' : 'graceful')) ?? 0;
      if (left === 0) {
        tell(`${shown} has ended already`);
        return EXIT.done;
      }
      const sweep = new Sweep(store, batch.id, LOST_RECORD);
      const isLeft = (): boolean => signal !== undefined;
      let told = -1;
      for (;;) {
        const running = await sweep.run(isLeft);
        if (signal !== undefined) {
          tell(`${shown} ends, and nobody waits for that now`);
          return exitStatusOfSignal(constants.signals[signal]);
        }
        if (running === 0) break;
        if (running !== told) tell(`${shown}: ${text(running)} at work ${running === 1 ? 'is' : 'are'} being ended`);
        told = running;
        await sleep(LOOK_MS);
      }
      // What is left of them by a signal does nothing.
      await clearJobs(store, queue, batch, isLeft);
      tell(`${shown} has been stopped: ${text(left)} had not ended`);
      return EXIT.done;
    } finally {
      for (const one of ENDING_SIGNALS) process.off(one, onSignal);
    }
  });
