/** Answers a call of a process. */
export type Answer = (peer: number, call: number, value: unknown) => void;

/** A lock, event or barrier as its host sees it: processes call, and are answered now or later. */
export interface SyncMachine {
  /**
   * @throws ProcctlError for what the caller should not have done; he is told
   * @throws RangeError for what no caller of this library does
   */
  call(peer: number, call: number, method: string, params: unknown): void;
  /** The caller waits no longer; answered all the same, unless it has been. */
  cancel(peer: number, call: number): void;
  /** A process has ended. */
  gone(peer: number): void;
}

export const unknownMethod = (method: string): RangeError => new RangeError(`there is no method ${method}`);
