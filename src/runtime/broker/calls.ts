import { ProcctlError, WorkerLostError } from '../../errors.ts';
import type { Reply } from '../../protocol/broker/messages.ts';
import { type WaitLimits, watchLimits } from './limits.ts';
import type { Link } from './link.ts';

// Errors of the library cross between a host and its peers as JSON; only those that hosts make.

export const encodeError = (error: ProcctlError): unknown => {
  const { code, message, hint } = error;
  const lost = error instanceof WorkerLostError ? { pid: error.pid } : {};
  return { code, message, hint, ...lost };
};

const decodeError = (wire: unknown): ProcctlError => {
  const { code, message, hint, pid } = wire as ProcctlError & { readonly pid?: number };
  const extra = hint === undefined ? {} : { hint };
  return pid === undefined
    ? new ProcctlError(code, message, extra)
    : new WorkerLostError(message, { pid, exitCode: null, signal: null, stderrTail: '' }, extra);
};

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly unwatch: () => void;
  /** Why it was taken back. */
  abortReason: unknown;
  isAborted: boolean;
}

/** The calls of one object that wait for their replies. */
export class Calls {
  readonly #link: Link;
  readonly #object: number;
  readonly #pending = new Map<number, Pending>();
  #next = 1;

  constructor(link: Link, object: number) {
    this.#link = link;
    this.#object = object;
  }

  /**
   * A call that runs out of time is taken back, and resolves to what the host makes of that; one whose signal aborts is
   * rejected with the signal's reason, unless the host had already granted it: then it resolves to true.
   *
   * @param lost makes the error for a host that is gone
   */
  call(method: string, params: unknown, lost: () => ProcctlError, limits: WaitLimits = {}): Promise<unknown> {
    if (limits.signal?.aborted) return Promise.reject(limits.signal.reason);
    if (this.#link.isLost) return Promise.reject(lost());
    return new Promise((resolve, reject) => {
      const call = this.#next++;
      const unwatch = watchLimits(limits, (reason) => {
        const pending = this.#pending.get(call);
        if (pending === undefined) return;
        if (reason !== undefined) {
          pending.isAborted = true;
          pending.abortReason = reason.aborted;
        }
        this.#link.send({ tag: 'cancel', object: this.#object, call });
      });
      this.#pending.set(call, { resolve, reject, unwatch, abortReason: undefined, isAborted: false });
      this.#link.hold();
      this.#link.send({ tag: 'call', object: this.#object, call, text: { method, params } });
    });
  }

  reply(call: number, reply: Reply): void {
    const pending = this.#settle(call);
    if (pending === undefined) return;
    if ('error' in reply) pending.reject(decodeError(reply.error));
    else if (pending.isAborted && reply.value === false) pending.reject(pending.abortReason);
    else pending.resolve(reply.value);
  }

  rejectAll(error: () => ProcctlError): void {
    for (const call of [...this.#pending.keys()]) this.#settle(call)?.reject(error());
  }

  #settle(call: number): Pending | undefined {
    const pending = this.#pending.get(call);
    if (pending === undefined) return undefined;
    this.#pending.delete(call);
    pending.unwatch();
    this.#link.release();
    return pending;
  }
}
