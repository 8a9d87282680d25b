import type { Answer, SyncMachine } from '../../core/sync/machine.ts';
import { ProcctlError } from '../../errors.ts';
import { encodeError } from './calls.ts';
import type { Host, Hosted, Peer } from './host.ts';

/** A lock, event, condition or barrier in the process that hosts it. */
export class HostedSync<M extends SyncMachine = SyncMachine> implements Hosted {
  readonly id: number;
  readonly machine: M;
  readonly #peers = new Map<number, Peer>();

  constructor(host: Host, make: (answer: Answer) => M) {
    this.id = host.add(this);
    this.machine = make((peer, call, value) => {
      this.#peers.get(peer)?.send({ tag: 'reply', object: this.id, call, text: { value } });
    });
  }

  open(peer: Peer): void {
    this.#peers.set(peer.id, peer);
  }

  receive(): void {
    throw new RangeError('not a queue');
  }

  call(peer: Peer, call: number, method: string, params: unknown): void {
    if (!this.#peers.has(peer.id)) throw new RangeError('called before it was opened');
    try {
      this.machine.call(peer.id, call, method, params);
    } catch (error) {
      if (!(error instanceof ProcctlError)) throw error;
      peer.send({ tag: 'reply', object: this.id, call, text: { error: encodeError(error) } });
    }
  }

  cancel(peer: Peer, call: number): void {
    this.machine.cancel(peer.id, call);
  }

  gone(peer: Peer): void {
    if (this.#peers.delete(peer.id)) this.machine.gone(peer.id);
  }
}
