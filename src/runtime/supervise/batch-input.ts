// What a batch in the background reads: copied into the home before the daemon is asked, so that it is there whatever
// becomes of the pipe, the file or the command it came from; removed with the batch's entry.
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { ProcctlError } from '../../errors.ts';
import { BATCH_INPUT_NAME } from '../../protocol/process-spec.ts';
import { isSameAlive } from '../family/family.ts';
import { readProc } from '../family/proc.ts';

const diskError = (cause: unknown): ProcctlError =>
  new ProcctlError('ERR_DISK', `cannot keep the input of the batch: ${(cause as Error).message}`, {
    hint: 'is the disk full, or read-only?',
    cause,
  });

/** Input that is being gathered; its name says by whom, so that it can be told from what a killed command has left. */
export class BatchInput {
  readonly name: string;
  readonly #path: string;
  #files = 0;

  constructor(batches: string) {
    const startTicks = readProc(process.pid)?.startTicks ?? 0;
    this.name = [process.pid.toString(16), startTicks.toString(16), randomBytes(8).toString('hex')].join('-');
    this.#path = join(batches, this.name);
  }

  /** Makes its directory. @throws ProcctlError ERR_DISK */
  open(): void {
    try {
      mkdirSync(this.#path, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw diskError(error);
    }
  }

  /**
   * Copies what comes, as it comes.
   *
   * @param name the last part of the path it is to have; absent: anything
   * @returns the path of the copy
   * @throws ProcctlError ERR_DISK when the disk does not take it; what `chunks` throws
   */
  async add(chunks: AsyncIterable<Uint8Array>, name = 'input'): Promise<string> {
    this.#files += 1;
    // Names that are kept tell formats apart; a directory for each file keeps the names apart.
    const directory = join(this.#path, String(this.#files));
    const path = join(directory, name);
    const file = await orDiskError(async () => {
      mkdirSync(directory, { mode: 0o700 });
      return open(path, 'wx', 0o600);
    });
    try {
      for await (const chunk of chunks) await orDiskError(() => file.writeFile(chunk));
      await orDiskError(() => file.sync());
    } finally {
      await file.close();
    }
    return path;
  }

  remove(): void {
    rmSync(this.#path, { recursive: true, force: true });
  }
}

const orDiskError = async <T>(act: () => Promise<T>): Promise<T> => {
  try {
    return await act();
  } catch (error) {
    throw diskError(error);
  }
};

/** Removes the input of a batch; what is interrupted is finished by `sweepBatchInputs`. */
export const removeBatchInput = (batches: string, name: string): void => {
  if (BATCH_INPUT_NAME.test(name)) rmSync(join(batches, name), { recursive: true, force: true });
};

/** Removes input that no batch has, and that nobody is about to give to one. */
export const sweepBatchInputs = (batches: string, known: ReadonlySet<string>): void => {
  let names: string[];
  try {
    names = readdirSync(batches);
  } catch {
    return; // There has never been a batch.
  }
  for (const name of names) {
    const [pid = 0, startTicks = 0] = name.split('-').map((digits) => Number.parseInt(digits, 16));
    if (known.has(name) || !BATCH_INPUT_NAME.test(name) || isSameAlive({ pid, startTicks })) continue;
    try {
      rmSync(join(batches, name), { recursive: true, force: true });
    } catch {
      // The next sweep tries again.
    }
  }
};
