import { ProcctlError } from '../../errors.ts';
import type { ProcessStatus } from '../../protocol/process-status.ts';

export interface StatusPorts {
  /** What the status is now. */
  statusOf(): ProcessStatus;
  /** @throws the system's error, the file then being as it was */
  write(status: ProcessStatus, options: { readonly sync: boolean }): void;
  /** For the daemon's own log. */
  say(text: string): void;
}

/** Keeps the status of one process on the disk, as far as that takes it. */
export class StatusKeeper {
  readonly #name: string;
  readonly #ports: StatusPorts;
  #isDirty = false;
  #isClosed = false;
  /** Why the disk did not take the last status. */
  #error: unknown;

  constructor(name: string, ports: StatusPorts) {
    this.#name = name;
    this.#ports = ports;
  }

  /**
   * Writes the status.
   *
   * @throws ProcctlError ERR_DISK with `sync`, when it cannot be written
   */
  save({ sync }: { readonly sync: boolean }): void {
    this.#isDirty = false;
    if (this.#isClosed) return;
    const status = this.#ports.statusOf();
    try {
      this.#ports.write(status, { sync });
      this.#error = undefined;
    } catch (error) {
      const name = this.#name;
      if (this.#error === undefined) this.#ports.say(`${name}: its status cannot be saved: ${String(error)}`);
      this.#error = error;
      if (!sync) return;
      throw new ProcctlError('ERR_DISK', `the state of ${name} cannot be saved: ${(error as Error).message}`, {
        hint: 'make room on the disk; a daemon that starts anew would not know of this',
        cause: error,
      });
    }
  }

  /** Writes the status when the step under way is over: once, however much has changed. */
  saveSoon(): void {
    if (this.#isDirty) return;
    this.#isDirty = true;
    queueMicrotask(() => this.saveIfDue());
  }

  /** What is to be written soon is written now. */
  saveIfDue(): void {
    if (this.#isDirty) this.save({ sync: false });
  }

  /** Nothing is written any more. */
  close(): void {
    this.#isClosed = true;
  }
}
