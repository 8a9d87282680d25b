import type { TaskSpec } from '../../../core/pool/task.ts';
import { uniqueName } from '../../../core/process/name.ts';
import { ProcctlError } from '../../../errors.ts';
import type { BatchStart } from '../../../protocol/remote/batch.ts';
import { type BatchDefaults, batchTaskData, signedIdOf } from '../../../protocol/remote/batch-job.ts';
import { MAX_JOB_BYTES } from '../../../protocol/remote/job.ts';
import { show } from '../../../protocol/show.ts';
import { signatureOf } from '../signature.ts';
import type { BatchQueue } from './batch-queue.ts';
import { orderMember } from './batch-start.ts';
import { type BatchStore, UNSEALED_EXPIRY_MS } from './batch-store.ts';

/** What goes to Redis in one message. */
const CHUNK_TASKS = 500;
const CHUNK_BYTES = 4 * 1024 * 1024;
/** How often it is said that the list is still being written. */
const BEAT_MS = UNSEALED_EXPIRY_MS / 6;
/** Somebody else may take a free name at the same moment. */
const NAME_TRIES = 20;

export interface SubmissionPlan {
  readonly queue: string;
  /** Tasks are signed with it; undefined: not. */
  readonly key: string | undefined;
  readonly start: Omit<BatchStart, 'name'>;
  /** Undefined: `baseName`, with a number behind it if that is taken. */
  readonly name: string | undefined;
  readonly baseName: string;
  readonly defaults: Omit<BatchDefaults, 'batch'>;
}

const tooLarge = (id: string, bytes: number): ProcctlError =>
  new ProcctlError(
    'ERR_TASKS',
    `task ${show(id)} has ${bytes} bytes with its standard input, and ${MAX_JOB_BYTES} can travel; nothing was run`,
    { hint: 'put its input into a file that workers can read' },
  );

/**
 * Hands a batch over: nothing of it runs before all of it is in Redis. Whoever is killed before that leaves what is forgotten
 * after two minutes.
 */
export class BatchSubmission {
  readonly #store: BatchStore;
  readonly #queue: BatchQueue;
  readonly #plan: SubmissionPlan;
  /** Of each task that is on its way. */
  #words: (string | number)[] = [];
  #bytes = 0;
  #count = 0;
  #isAbandoned = false;

  constructor(store: BatchStore, queue: BatchQueue, plan: SubmissionPlan) {
    this.#store = store;
    this.#queue = queue;
    this.#plan = plan;
  }

  /**
   * @returns its name, and how many tasks it has
   * @throws ProcctlError ERR_NAME: the name is taken; what reading the tasks throws. Nothing runs then, and nothing is left
   */
  async submit(tasks: AsyncIterable<readonly TaskSpec[]>): Promise<{ readonly name: string; readonly total: number }> {
    const { id } = this.#plan.start;
    const name = await this.#open();
    const beat = setInterval(() => this.#store.put(id, []).catch(() => {}), BEAT_MS);
    try {
      for await (const batch of tasks) for (const task of batch) await this.#put(task);
      await this.#flush();
      if (this.#isAbandoned) throw this.#forgotten();
      if (this.#count > 0) await this.#queue.start(id, this.#count);
      if (!(await this.#store.seal(id, this.#count))) throw this.#forgotten();
      return { name, total: this.#count };
    } catch (error) {
      await this.abandon();
      throw error;
    } finally {
      clearInterval(beat);
    }
  }

  /** Removes what is there of a batch that is not whole. */
  async abandon(): Promise<void> {
    this.#isAbandoned = true;
    const { id } = this.#plan.start;
    const { meta, state, log, tasks, order } = this.#store.keys.detached(id);
    const { redis } = this.#store;
    // First the description: a job that is there finds no batch.
    await redis.del(meta, state, log, tasks, order).catch(() => {});
    await this.#queue.takeStartBack(id).catch(() => {});
  }

  async #open(): Promise<string> {
    const { name, baseName, start } = this.#plan;
    if (name !== undefined) {
      if (await this.#store.open({ ...start, name })) return name;
      throw new ProcctlError('ERR_NAME', `there is a batch ${show(name)} in this queue already`, {
        hint: 'choose another --name, or remove it: procctl pool --remove NAME --on …',
      });
    }
    for (let tries = 0; tries < NAME_TRIES; tries += 1) {
      const taken = new Set((await this.#store.list()).map((batch) => batch.name));
      const free = uniqueName(baseName, taken);
      if (await this.#store.open({ ...start, name: free })) return free;
    }
    throw new ProcctlError('ERR_NAME', `others take each name like ${show(baseName)}`, { hint: 'choose one: --name' });
  }

  async #put(task: TaskSpec): Promise<void> {
    const { key, queue, start, defaults } = this.#plan;
    if (task.needs !== undefined) {
      throw new ProcctlError('ERR_TASKS', `task ${show(task.id)} needs others: that does not go with --detach --on`, {
        hint: 'leave --detach out, or have it supervised: procctl spawn -- procctl pool --on …',
      });
    }
    const plain = batchTaskData(task, { ...defaults, batch: start.id });
    const signature = key && { signature: signatureOf(key, queue, signedIdOf(start.id, task.seq), plain) };
    const text = JSON.stringify({ ...plain, ...(signature || undefined) });
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_JOB_BYTES) throw tooLarge(task.id, bytes);
    this.#words.push(task.seq, text, -(task.priority ?? 0), orderMember(this.#count, task.seq));
    this.#bytes += bytes;
    this.#count += 1;
    if (this.#words.length >= 4 * CHUNK_TASKS || this.#bytes >= CHUNK_BYTES) await this.#flush();
  }

  /** @throws ProcctlError ERR_REDIS: it is forgotten already */
  async #flush(): Promise<void> {
    const words = this.#words;
    this.#words = [];
    this.#bytes = 0;
    if (!(await this.#store.put(this.#plan.start.id, words))) throw this.#forgotten();
  }

  #forgotten(): ProcctlError {
    return new ProcctlError(
      'ERR_REDIS',
      'Redis has forgotten the batch before its list was whole: nothing of it runs',
      {
        hint: 'submit it again',
      },
    );
  }
}
