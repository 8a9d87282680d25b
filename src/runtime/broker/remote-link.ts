import { connect } from 'node:net';
import { encodeParts, FrameReader } from '../../protocol/broker/frames.ts';
import type { FromHost, ToHost } from '../../protocol/broker/messages.ts';
import { decodePieces } from '../../protocol/broker/reference.ts';
import { type ClaimSlot, ClaimsFile } from './claims.ts';
import { claimsPath, makePeerName, socketPath } from './host.ts';
import { LargeItems } from './large-items.ts';
import type { Link, Receiver } from './link.ts';
import { Stream } from './stream.ts';

/** To the host in another process; one for all of its objects. */
export class RemoteLink implements Link {
  readonly largeItems: LargeItems;
  /** What is not written at once is copied. */
  readonly isKeeping = false;
  readonly #stream: Stream;
  readonly #claims: ClaimsFile | undefined;
  readonly #receivers = new Map<number, Receiver>();
  #holds = 0;
  #isLost = false;
  #isEnding = false;

  /** @param directory that of the host */
  constructor(directory: string) {
    const name = makePeerName();
    this.largeItems = new LargeItems(directory, name);
    this.#claims = makeClaims(claimsPath(directory, name));
    const reader = new FrameReader(0xffff_fff0);
    const socket = connect(socketPath(directory));
    this.#stream = new Stream(
      socket,
      (chunk) => {
        try {
          for (const message of reader.push(chunk)) this.#receive(message as FromHost);
        } catch {
          this.#stream.close();
        }
      },
      () => this.#lose(),
    );
    this.#stream.setRef(false);
    this.send({ tag: 'hello', object: 0, text: { name, pid: process.pid } });
    process.once('exit', () => {
      this.#isEnding = true;
      for (const receiver of this.#receivers.values()) receiver.flush();
      this.#stream.flushSync();
    });
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  get isEnding(): boolean {
    return this.#isEnding;
  }

  get isCongested(): boolean {
    return this.#stream.isCongested;
  }

  get hasUnsent(): boolean {
    return this.#stream.unsentBytes > 0;
  }

  send(message: ToHost): void {
    this.#stream.send(...encodeParts(message));
    if (this.#isEnding) this.#stream.flushSync();
  }

  drained(): Promise<void> {
    this.hold();
    return this.#stream.drained().finally(() => this.release());
  }

  open(object: number, receiver: Receiver): ClaimSlot | undefined {
    this.#receivers.set(object, receiver);
    const slot = openSlot(this.#claims);
    this.send({ tag: 'open', object, slot: slot?.slot ?? -1 });
    return slot;
  }

  hold(): void {
    this.#holds += 1;
    if (this.#holds === 1) this.#stream.setRef(true);
  }

  release(): void {
    this.#holds -= 1;
    if (this.#holds === 0) this.#stream.setRef(false);
  }

  #receive(message: FromHost): void {
    if (message.tag === 'freed') this.largeItems.free(decodePieces(message.bytes));
    else this.#receivers.get(message.object)?.receive(message);
  }

  #lose(): void {
    this.#isLost = true;
    for (const receiver of this.#receivers.values()) receiver.lost();
  }
}

const makeClaims = (path: string): ClaimsFile | undefined => {
  try {
    return new ClaimsFile(path);
  } catch {
    return undefined;
  }
};

const openSlot = (claims: ClaimsFile | undefined): ClaimSlot | undefined => {
  try {
    return claims?.openSlot();
  } catch {
    return undefined;
  }
};

const links = new Map<string, RemoteLink>();

/** The link to the host with this directory. */
export const linkTo = (directory: string): RemoteLink => {
  const known = links.get(directory);
  if (known !== undefined) return known;
  const link = new RemoteLink(directory);
  links.set(directory, link);
  return link;
};
