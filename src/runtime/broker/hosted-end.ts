import type { Host, Hosted, Peer } from './host.ts';

/**
 * One end of a pipe in the process that hosts it: knows which processes use it. The one that has made the pipe counts only when it
 * has used the end itself, for it has to hold both to pass them on.
 */
export class HostedEnd implements Hosted {
  readonly id: number;
  readonly #users = new Set<number>();
  readonly #onAbandoned: () => void;

  /** @param onAbandoned nobody uses it any more; may be called again */
  constructor(host: Host, onAbandoned: () => void) {
    this.id = host.add(this);
    this.#onAbandoned = onAbandoned;
  }

  open(): void {}

  receive(): void {
    throw new RangeError('not a queue');
  }

  call(peer: Peer, call: number, method: string): void {
    if (method === 'use') this.#users.add(peer.id);
    else if (method === 'close') this.#leave(peer, true);
    else throw new RangeError(`an end of a pipe has no ${method}`);
    peer.send({ tag: 'reply', object: this.id, call, text: { value: null } });
  }

  cancel(): void {}

  gone(peer: Peer): void {
    this.#leave(peer, false);
  }

  /** @param isWilled closed by hand: it counts even for who has never used it */
  #leave(peer: Peer, isWilled: boolean): void {
    const wasUser = this.#users.delete(peer.id);
    if ((wasUser || isWilled) && this.#users.size === 0) this.#onAbandoned();
  }
}
