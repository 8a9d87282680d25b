import { ProcctlError } from '../errors.ts';
import type { FromHost } from '../protocol/broker/messages.ts';
import { Calls } from '../runtime/broker/calls.ts';
import type { Receiver } from '../runtime/broker/link.ts';
import { parseTimeoutMs, type WaitOptions } from './options.ts';
import type { Address } from './shared-objects.ts';

const hostGone = (): ProcctlError =>
  new ProcctlError('ERR_STATE', 'the process that hosts it has ended', {
    hint: 'locks, events and barriers last as long as the process that made them',
  });

/** A lock or the like as one process has it: all it does is to ask the host. */
export class SharedObject implements Receiver {
  readonly address: Address;
  readonly #calls: Calls;

  constructor(address: Address) {
    this.address = address;
    this.#calls = new Calls(address.link, address.id);
    address.link.open(address.id, this);
  }

  receive(message: FromHost): void {
    if (message.tag === 'reply') this.#calls.reply(message.call, message.text);
  }

  lost(): void {
    this.#calls.rejectAll(hostGone);
  }

  flush(): void {}

  /** @throws ProcctlError ERR_OPTION, ERR_STATE */
  call(method: string, params?: unknown, options: WaitOptions = {}): Promise<unknown> {
    const limits = { timeoutMs: parseTimeoutMs(options.timeoutMs), signal: options.signal };
    return this.#calls.call(method, params, hostGone, limits);
  }
}
