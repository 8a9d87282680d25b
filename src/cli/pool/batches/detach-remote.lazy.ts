import { constants, hostname } from 'node:os';
import { gracefully } from '../../../core/pool/term-sequence.ts';
import { EXIT, exitStatusOfSignal } from '../../../errors.ts';
import { BatchQueue } from '../../../runtime/remote/batches/batch-queue.ts';
import { BatchStore } from '../../../runtime/remote/batches/batch-store.ts';
import { BatchSubmission, type SubmissionPlan } from '../../../runtime/remote/batches/batch-submission.ts';
import { uniqueText } from '../../../runtime/unique-text.ts';
import { queueKey } from '../../remote/hide-secrets.ts';
import { withLink } from '../../remote/with-link.ts';
import { say } from '../../tell.ts';
import { READER_GONE, writeStdout } from '../../write-stdout.ts';
import { defaultName } from '../background/default-name.ts';
import type { PoolFlags } from '../flags.ts';
import type { PoolInput } from '../pool-input.ts';
import { openTaskInput } from '../task-input.ts';

const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const planOf = (input: PoolInput, flags: PoolFlags): SubmissionPlan => {
  const isSilent = flags.output === 'none';
  return {
    queue: flags.queue,
    key: queueKey(process.env),
    start: {
      id: uniqueText(),
      host: hostname(),
      createdAt: Date.now(),
      keepMs: flags.keep,
      retries: flags.retries,
      isSilent,
      halt: flags.halt,
    },
    name: flags.name ?? undefined,
    baseName: defaultName(input, flags),
    defaults: {
      timeoutMs: flags.timeout.kind === 'fixed' ? flags.timeout.ms : 0,
      ending: flags.termSeq ?? gracefully(flags.stopTimeout),
      nice: flags.nice,
      memoryMax: flags.memoryMax,
      retries: flags.retries,
      retryDelay: flags.retryDelay,
      outputMax: flags.outputMax,
      isSilent,
    },
  };
};

/** Reads the beginning now: what is wrong with it is told before anybody is asked for anything. */
const begun = async <T>(source: AsyncIterable<T>): Promise<AsyncIterable<T>> => {
  const items = source[Symbol.asyncIterator]();
  const first = await items.next();
  return (async function* () {
    for (let next = first; !next.done; next = await items.next()) yield next.value;
  })();
};

/**
 * Hands a batch over to the workers of a queue, and says what it is called; resolves to the exit status.
 *
 * @throws ProcctlError what is wrong with the tasks; nothing of it runs then
 */
export const detachRemote = async (url: string, input: PoolInput, flags: PoolFlags): Promise<number> => {
  const stop = new AbortController();
  const source = await openTaskInput(input, flags, { stdin: () => process.stdin, stdinFd: 0, signal: stop.signal });
  const tasks = await begun(source.tasks);
  const tell = (line: string): void => {
    if (!flags.quiet) say(line);
  };
  return withLink(url, flags, tell, async ({ packages, link }) => {
    const store = new BatchStore(link.redis, flags.queue);
    const queue = new BatchQueue(packages, store, flags.queue);
    const submission = new BatchSubmission(store, queue, planOf(input, flags));
    let end = (_signal: NodeJS.Signals): void => {};
    const ended = new Promise<NodeJS.Signals>((resolve) => {
      end = resolve;
    });
    for (const name of ENDING_SIGNALS) process.on(name, end);
    try {
      const submitting = submission.submit(tasks);
      submitting.catch(() => {});
      const done = await Promise.race([submitting, ended]);
      if (typeof done === 'string') {
        stop.abort();
        await submission.abandon();
        return exitStatusOfSignal(constants.signals[done]);
      }
      const { name, total } = done;
      const json = { name, queue: flags.queue, tasks: total, keepMs: flags.keep };
      return (await writeStdout(`${flags.json ? JSON.stringify(json) : name}\n`)) ? EXIT.done : READER_GONE;
    } finally {
      for (const name of ENDING_SIGNALS) process.off(name, end);
      if (link.isUp) await queue.close().catch(() => {});
    }
  });
};
