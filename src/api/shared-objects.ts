import { ProcctlError } from '../errors.ts';
import type { HandleDescription } from '../protocol/values/handle.ts';
import { host } from '../runtime/broker/host.ts';
import type { Link } from '../runtime/broker/link.ts';
import { localLink } from '../runtime/broker/local-link.ts';
import { linkTo } from '../runtime/broker/remote-link.ts';

/** Where an object is hosted, and its number there. */
export interface Address {
  readonly link: Link;
  readonly id: number;
  /** Undefined for this process: its directory is made when the object is first passed on. */
  readonly directory: string | undefined;
}

type Restore = (address: Address, description: HandleDescription) => object;

const kinds = new Map<string, Restore>();
/** Objects that have been passed on or have come, so that each is there once in this process. */
const known = new Map<string, object>();

/** Called by each module of such objects. */
export const registerKind = (kind: string, restore: Restore): void => {
  kinds.set(kind, restore);
};

const remoteKinds = new Map<string, (description: HandleDescription) => object>();

/** Likewise, of objects that no process hosts; such a kind begins with Remote. */
export const registerRemoteKind = (kind: string, restore: (description: HandleDescription) => object): void => {
  remoteKinds.set(kind, restore);
};

/** @param object that anybody can make again who is told the description */
export const describeRemote = (object: object, description: HandleDescription): HandleDescription => {
  const key = JSON.stringify(description);
  if (!known.has(key)) known.set(key, object);
  return description;
};

const restoreRemote = (description: HandleDescription): object | undefined => {
  const restore = remoteKinds.get(description.kind);
  if (restore === undefined) return undefined;
  const key = JSON.stringify(description);
  const object = known.get(key) ?? restore(description);
  known.set(key, object);
  return object;
};

/** Of an object that this process hosts. */
export const addressHere = (id: number): Address => ({ link: localLink, id, directory: undefined });

/** @param object is at that address */
export const describe = (object: object, { id, directory }: Address, kind: string, more: object): HandleDescription => {
  const at = directory ?? host.listen();
  known.set(`${at} ${id}`, object);
  return { kind, directory: at, id, ...more };
};

/**
 * Makes an object that came by reference from another process; one that this process has already stays the same.
 *
 * @throws ProcctlError ERR_STATE for a description that is none
 */
export const restoreHandle = (description: HandleDescription): object => {
  const remote = restoreRemote(description);
  if (remote !== undefined) return remote;
  const { kind, directory, id } = description;
  const restore = kinds.get(kind);
  if (restore === undefined || typeof directory !== 'string' || !Number.isSafeInteger(id)) {
    throw new ProcctlError('ERR_STATE', `a reference of an unknown kind: ${kind}`);
  }
  const key = `${directory} ${id}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const object = restore({ link: linkTo(directory), id: Number(id), directory }, description);
  known.set(key, object);
  return object;
};
