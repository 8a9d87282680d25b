import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Claims } from '../../core/queue/events.ts';
import { encodeParts, FrameReader } from '../../protocol/broker/frames.ts';
import type { FromHost, ToHost } from '../../protocol/broker/messages.ts';
import { decodeReference, encodePieces, isPeerName, type Piece } from '../../protocol/broker/reference.ts';
import { ClaimsReader } from './claims.ts';
import { makeHostDirectory } from './directory.ts';
import { largeItemsPath } from './large-items.ts';
import { Stream } from './stream.ts';

/** The process that hosts is a peer of itself. */
export const LOCAL_PEER = 0;
const MAX_FRAME_BYTES = 0xffff_fff0;
const MAX_HELLO_BYTES = 4096;
/** A peer that asks and asks and does not read the answers is cut off. */
const MAX_UNSENT_BYTES = 512 * 1024 * 1024;
/** When so many turns of the event loop have brought nothing, there is nothing: one accepts a connection, the next reads it. */
const QUIET_TURNS = 4;
/** Under a steady stream there is no end to wait for. */
const MAX_TURNS = 50;

export interface Peer {
  readonly id: number;
  readonly pid: number;
  send(message: FromHost): void;
  claimsOf(slot: number): Claims | undefined;
}

/** An object that processes share, in the process that hosts it. What it throws costs the peer its connection. */
export interface Hosted {
  open(peer: Peer, slot: number): void;
  receive(peer: Peer, message: ToHost): void;
  call(peer: Peer, call: number, method: string, params: unknown): void;
  cancel(peer: Peer, call: number): void;
  gone(peer: Peer): void;
}

/** Files of large items, by the process that wrote them. */
interface LargeFile {
  uses: number;
  owner: Peer | undefined;
}

/** Everything this process hosts, and the socket by which others reach it; made when it is needed. */
export class Host {
  readonly #objects = new Map<number, Hosted>();
  readonly #peers = new Map<number, Peer>();
  readonly #largeFiles = new Map<string, LargeFile>();
  #nextObject = 1;
  #nextPeer = LOCAL_PEER + 1;
  #directory: string | undefined;
  #server: Server | undefined;
  #holds = 0;
  /** Counts connections and pieces of data. */
  #arrivals = 0;

  add(hosted: Hosted): number {
    this.#objects.set(this.#nextObject, hosted);
    return this.#nextObject++;
  }

  get directory(): string | undefined {
    return this.#directory;
  }

  /** The directory with the socket. @throws ProcctlError ERR_RUNTIME */
  listen(): string {
    if (this.#directory !== undefined) return this.#directory;
    this.#directory = makeHostDirectory(process.env);
    // Bound when `listen` returns.
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.on('error', () => {});
    this.#server.listen(socketPath(this.#directory));
    this.#server.unref();
    return this.#directory;
  }

  /** Somebody here waits for others: stay alive while there are any. */
  hold(): void {
    this.#holds += 1;
    this.#adjustRef();
  }

  release(): void {
    this.#holds -= 1;
    this.#adjustRef();
  }

  attachLocal(peer: Peer, name: string): void {
    this.#largeFiles.set(name, { uses: 0, owner: peer });
  }

  /** Calls back when all that other processes have sent up to now has been read. */
  settled(then: () => void): void {
    if (this.#server === undefined) {
      then();
      return;
    }
    let seen = this.#arrivals;
    let quiet = 0;
    const turn = (left: number): void => {
      quiet = seen === this.#arrivals ? quiet + 1 : 0;
      seen = this.#arrivals;
      if (left === 0 || quiet > QUIET_TURNS) then();
      else setImmediate(turn, left - 1);
    };
    turn(MAX_TURNS);
  }

  /** @throws whatever; the peer is to blame */
  receive(peer: Peer, message: ToHost): void {
    const object = this.#objects.get(message.object);
    if (object === undefined) throw new RangeError(`there is no object ${message.object}`);
    if (message.tag === 'open') object.open(peer, message.slot);
    else if (message.tag === 'leave') object.gone(peer);
    else if (message.tag === 'call') object.call(peer, message.call, String(message.text.method), message.text.params);
    else if (message.tag === 'cancel') object.cancel(peer, message.call);
    else object.receive(peer, message);
  }

  /** An item in a file was put. @throws RangeError for what is no reference */
  keepLarge(reference: Buffer): void {
    const file = this.#largeFiles.get(decodeReference(reference).name);
    if (file === undefined) throw new RangeError('an item in a file of nobody');
    file.uses += 1;
  }

  /** Nobody needs them any more. Who has put them is told once, since being told costs more than a small item does. */
  freeLarge(references: readonly Buffer[]): void {
    const freed = new Map<Peer, Piece[]>();
    for (const bytes of references) {
      const reference = decodeReference(bytes);
      const file = this.#largeFiles.get(reference.name);
      if (file === undefined) continue;
      file.uses -= 1;
      const { owner } = file;
      if (owner === undefined) this.#dropLarge(reference.name, file);
      else {
        const pieces = freed.get(owner);
        if (pieces === undefined) freed.set(owner, [reference]);
        else pieces.push(reference);
      }
    }
    for (const [owner, pieces] of freed) owner.send({ tag: 'freed', object: 0, bytes: encodePieces(pieces) });
  }

  #dropLarge(name: string, file: LargeFile): void {
    if (file.uses > 0 || this.#directory === undefined) return;
    this.#largeFiles.delete(name);
    rmSync(largeItemsPath(this.#directory, name), { force: true });
  }

  #adjustRef(): void {
    if (this.#holds > 0 && this.#peers.size > 0) this.#server?.ref();
    else this.#server?.unref();
  }

  #accept(socket: Socket): void {
    this.#arrivals += 1;
    const reader = new FrameReader(MAX_HELLO_BYTES);
    let peer: RemotePeer | undefined;
    const stream = new Stream(
      socket,
      (chunk) => {
        this.#arrivals += 1;
        try {
          for (const message of reader.push(chunk)) {
            if (peer === undefined) {
              peer = this.#greet(message as ToHost, stream);
              reader.allow(MAX_FRAME_BYTES);
            } else this.receive(peer, message as ToHost);
          }
        } catch {
          // Rubbish, or a peer that asks for what cannot be.
          stream.close();
        }
      },
      () => this.#end(peer),
    );
    stream.setRef(false);
  }

  /** @throws RangeError */
  #greet(message: ToHost, stream: Stream): RemotePeer {
    if (message.tag !== 'hello') throw new RangeError('a peer that does not say hello');
    const { name, pid } = message.text ?? {};
    if (!isPeerName(name) || this.#largeFiles.has(name)) throw new RangeError('a peer without a name of its own');
    const peer = new RemotePeer(this.#nextPeer++, Number(pid), name, stream, this.#directory as string);
    this.#peers.set(peer.id, peer);
    this.#largeFiles.set(name, { uses: 0, owner: peer });
    this.#adjustRef();
    return peer;
  }

  #end(peer: RemotePeer | undefined): void {
    if (peer === undefined) return;
    this.#peers.delete(peer.id);
    const file = this.#largeFiles.get(peer.name) as LargeFile;
    file.owner = undefined;
    for (const object of this.#objects.values()) object.gone(peer);
    peer.forget();
    this.#dropLarge(peer.name, file);
    this.#adjustRef();
  }
}

class RemotePeer implements Peer {
  readonly #stream: Stream;
  readonly #claims: ClaimsReader | undefined;

  constructor(
    readonly id: number,
    readonly pid: number,
    readonly name: string,
    stream: Stream,
    directory: string,
  ) {
    this.#stream = stream;
    try {
      this.#claims = new ClaimsReader(claimsPath(directory, name));
    } catch {
      // It could not make one, and takes nothing in advance.
    }
  }

  send(message: FromHost): void {
    this.#stream.send(...encodeParts(message));
    if (this.#stream.unsentBytes > MAX_UNSENT_BYTES) this.#stream.close();
  }

  claimsOf(slot: number): Claims | undefined {
    return slot < 0 ? undefined : this.#claims?.read(slot);
  }

  forget(): void {
    this.#claims?.remove();
  }
}

export const socketPath = (directory: string): string => join(directory, 's');
export const claimsPath = (directory: string, name: string): string => join(directory, `${name}.claims`);

/** A name of this process among those of a host. */
export const makePeerName = (): string => `${process.pid}-${randomBytes(6).toString('hex')}`;

/** Of this process. */
export const host = new Host();
