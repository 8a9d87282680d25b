import type { FromHost, ToHost } from '../../protocol/broker/messages.ts';
import type { ClaimSlot } from './claims.ts';
import type { LargeItems } from './large-items.ts';

/** An object of a host as one process has it. */
export interface Receiver {
  receive(message: FromHost): void;
  /** The host is gone; nothing more will come. */
  lost(): void;
  /** Sends what is kept back; also called when the process ends. */
  flush(): void;
}

/** The way from a process to a host: a socket, or nothing at all for the host itself. */
export interface Link {
  readonly isLost: boolean;
  /** The process exits: there will be no later. */
  readonly isEnding: boolean;
  /** More has been sent than has left the process: who can wait should. */
  readonly isCongested: boolean;
  readonly hasUnsent: boolean;
  /** Undefined where items need not leave the process. */
  readonly largeItems: LargeItems | undefined;
  /** Whether the bytes of what is sent are kept as they are, and must not be changed. */
  readonly isKeeping: boolean;
  send(message: ToHost): void;
  /** Resolves when everything sent has left the process, or never will. */
  drained(): Promise<void>;
  /** @returns where its progress is to be written; undefined when that is not possible */
  open(object: number, receiver: Receiver): ClaimSlot | undefined;
  /** Somebody waits for an answer: the process stays alive, as long as one could come. */
  hold(): void;
  release(): void;
}
