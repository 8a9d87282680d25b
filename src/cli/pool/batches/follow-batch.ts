import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { gracefully } from '../../../core/pool/term-sequence.ts';
import { printable } from '../../../core/printable.ts';
import { exitStatusOfSignal, ProcctlError } from '../../../errors.ts';
import type { BatchMeta } from '../../../protocol/remote/batch.ts';
import { show } from '../../../protocol/show.ts';
import { OutputPump } from '../../../runtime/output/output-pump.ts';
import { BatchQueue } from '../../../runtime/remote/batches/batch-queue.ts';
import { BatchStore } from '../../../runtime/remote/batches/batch-store.ts';
import { FollowRun } from '../../../runtime/remote/batches/follow-run.ts';
import { SpillDirectory } from '../../../runtime/remote/spill-directory.ts';
import { within } from '../../../runtime/remote/within.ts';
import type { Results } from '../../../runtime/results/results.ts';
import { isReaderGone } from '../../reader-gone.ts';
import { queueKey } from '../../remote/hide-secrets.ts';
import { type Session, withLink } from '../../remote/with-link.ts';
import { isOurs, tell } from '../../tell.ts';
import { exitStatusOfPool } from '../exit-status.ts';
import type { PoolFlags } from '../flags.ts';
import { openResults, openSummary, outputOf } from '../outputs.ts';
import type { PoolJournal } from '../pool-journal.ts';
import { PoolTalk } from '../pool-talk.ts';
import { openProgress, type Progress } from '../progress.ts';
import { findBatch } from './find-batch.ts';

const GATHER_MS = 100;
const AGAIN_MS = 500;
/** Who reads may be asleep. */
const PUT_AWAY_MS = 2_000;
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Waits for a list that is still being written. */
const sealed = async (store: BatchStore, found: BatchMeta, say: (line: string) => void): Promise<BatchMeta> => {
  let isTold = false;
  for (let meta: BatchMeta | undefined = found; meta !== undefined; meta = await store.meta(found.id)) {
    if (meta.sealedAt !== null) return meta;
    if (!isTold) say(`procctl: ${printable(found.name)} is still being submitted on ${printable(found.host)}`);
    isTold = true;
    await sleep(AGAIN_MS);
  }
  throw new ProcctlError(
    'ERR_BATCH',
    `the batch ${show(found.name)} was never submitted as a whole: nothing of it ran`,
  );
};

/** Follows a batch from its beginning to its end; resolves to its exit status. */
export const followBatch = (url: string, name: string, flags: PoolFlags): Promise<number> => {
  const say = (line: string): void => {
    if (!flags.quiet) pump.write('stderr', Buffer.from(`${line}\n`));
  };
  const follow = new Follow(name, flags, say);
  const { pump } = follow;
  return withLink(
    url,
    flags,
    (line) => say(`procctl: ${line}`),
    (session) => follow.run(session),
    () => follow.putAway(),
  );
};

/** One follower, with all that it shows and keeps. */
class Follow {
  readonly pump: OutputPump;
  readonly #name: string;
  readonly #flags: PoolFlags;
  readonly #say: (line: string) => void;
  readonly #directory = new SpillDirectory(process.env, gracefully(0));
  #run: FollowRun | undefined;
  #progress: Progress | undefined;
  #results: Results | undefined;
  #journal: PoolJournal | undefined;
  #brokenBy: NodeJS.ErrnoException | null = null;
  #isJournalBroken = false;
  #signal: NodeJS.Signals | null = null;
  #leave = (): void => {};
  #running: Promise<unknown> = Promise.resolve();

  constructor(name: string, flags: PoolFlags, say: (line: string) => void) {
    this.#name = name;
    this.#flags = flags;
    this.#say = say;
    this.pump = new OutputPump({
      onBusy: (target) => this.#progress?.makeRoom(target),
      onIdle: () => this.#progress?.changed(),
      onPressure: (bytes) => this.#run?.pressure(bytes),
      onBroken: (_target, error) => this.#broken(error),
    });
  }

  run(session: Session): Promise<number> {
    const running = this.#runTo(session);
    this.#running = running;
    return running;
  }

  /** Leaves, and keeps and shows what there is, as far as that can be done soon. */
  async putAway(): Promise<void> {
    this.#leave();
    await within(PUT_AWAY_MS, this.#running);
  }

  async #runTo({ target, packages, link }: Session): Promise<number> {
    for (const name of ENDING_SIGNALS) process.on(name, this.#onSignal);
    const left = new Promise<undefined>((resolve) => {
      this.#leave = () => {
        this.#run?.leave();
        resolve(undefined);
      };
    });
    let isGood = false;
    try {
      const { queue: queueName } = this.#flags;
      const store = new BatchStore(link.redis, queueName);
      const finding = findBatch(store, this.#name, queueName).then((found) => sealed(store, found, this.#say));
      finding.catch(() => {});
      const meta = await Promise.race([finding, left]);
      const status =
        meta === undefined ? this.#ending() : await this.#follow(meta, { target, packages, link }, store, left);
      isGood = status !== undefined && this.#signal === null;
      return status;
    } finally {
      this.#progress?.stop();
      await this.#journal?.close(undefined);
      this.#results?.close(isGood);
      await this.pump.flush();
      this.#directory.remove();
      for (const name of ENDING_SIGNALS) process.off(name, this.#onSignal);
    }
  }

  async #follow(
    meta: BatchMeta,
    { target, packages, link }: Session,
    store: BatchStore,
    left: Promise<undefined>,
  ): Promise<number> {
    const flags: PoolFlags = { ...this.#flags, retries: meta.retries };
    const directory = process.cwd();
    const talk = new PoolTalk(flags, this.#say);
    const journal = await this.#openJournal(directory);
    this.#journal = journal;
    this.#results = await openResults(flags, directory, (error) => this.#broken(error));
    const summary = await openSummary(flags);
    const queue = new BatchQueue(packages, store, flags.queue);
    const key = queueKey(process.env);
    const run = new FollowRun(
      meta,
      { link, store, queue, signer: key === undefined ? undefined : { key, queue: flags.queue } },
      {
        isOrdered: flags.keepOrder,
        output: outputOf(flags, this.pump, { results: this.#results, summary }),
        directory: () => this.#directory.path,
      },
      { ...(journal && { onAttempt: journal.record }), ...talk.events, onChange: () => this.#progress?.changed() },
    );
    this.#run = run;
    this.#progress = await openProgress(flags, () => run.view(), this.#say);
    if (this.#progress.isLive) this.pump.gatherMs = GATHER_MS;
    const result = await Promise.race([run.run(), left]);
    this.#progress.stop();
    if (link.isUp) await queue.close().catch(() => {});
    if (result === undefined) {
      if (this.#brokenBy === null && !this.#isJournalBroken) this.#sayHow(`--on ${target.name}`);
      await this.pump.flush();
      if (this.#brokenBy !== null) this.#tellOfBroken(this.#brokenBy);
      return this.#ending();
    }
    await journal?.close(result);
    talk.close(result);
    if (summary !== undefined) this.pump.write('stderr', Buffer.from(summary.text(result.elapsedMs)));
    await this.pump.flush();
    if (this.#brokenBy !== null) this.#tellOfBroken(this.#brokenBy);
    return exitStatusOfPool({ ...result, ...this.#troubles, survivors: 0 });
  }

  get #troubles() {
    return { signal: this.#signal, brokenBy: this.#brokenBy, isJournalBroken: this.#isJournalBroken };
  }

  /** It was left before its end: there is a reason for that. */
  #ending(): number {
    if (this.#signal !== null) return exitStatusOfSignal(constants.signals[this.#signal]);
    const counts = this.#run?.counts;
    if (counts === undefined) return exitStatusOfSignal(constants.signals.SIGPIPE);
    return exitStatusOfPool({ counts, haltedBy: null, inputError: undefined, ...this.#troubles, survivors: 0 });
  }

  async #openJournal(directory: string): Promise<PoolJournal | undefined> {
    const { journal: file } = this.#flags;
    if (file === undefined) return undefined;
    const { openPoolJournal } = await import('../journal.lazy.ts');
    return openPoolJournal({
      file,
      mode: 'all',
      directory,
      size: 1,
      say: this.#say,
      onBroken: ({ message }) => {
        this.#isJournalBroken = true;
        this.pump.write('stderr', Buffer.from(`procctl: cannot write the journal: ${printable(message)}\n`));
        this.#leave();
      },
    });
  }

  #broken(error: NodeJS.ErrnoException): void {
    this.#brokenBy ??= error;
    this.#leave();
  }

  #tellOfBroken(error: NodeJS.ErrnoException): void {
    if (isOurs(error)) tell(error);
    else if (!isReaderGone(error)) tell(new ProcctlError('ERR_RUNTIME', `cannot write the output: ${error.message}`));
  }

  #sayHow(where: string): void {
    const { queue } = this.#flags;
    const at = `${where}${queue === 'procctl' ? '' : ` --queue ${queue}`}`;
    this.#say(`procctl: ${this.#name} goes on. To join again: procctl pool --follow ${this.#name} ${at}`);
    this.#say(`procctl: to stop it: procctl pool --stop ${this.#name} ${at}`);
  }

  readonly #onSignal = (name: NodeJS.Signals): void => {
    // The second time, whoever reads may be what holds it up.
    if (this.#signal !== null) this.pump.giveUp();
    this.#signal ??= name;
    this.#leave();
  };
}
