import { exactJson } from '../exact-json.ts';
import { decodeValue, encodeValue } from '../values/codec.ts';
import type { RestoreHandle } from '../values/handle.ts';
import { assertRemoteHandle, ReachableHandle } from '../values/remote-handle.ts';

/** The only member of the data of a job whose item JSON would change: base64 of it, in the format of values. */
const VALUE = 'procctl:value';

const isEncoded = (data: unknown): data is { readonly [VALUE]: string } =>
  typeof data === 'object' &&
  data !== null &&
  Object.keys(data).length === 1 &&
  typeof (data as Record<string, unknown>)[VALUE] === 'string';

const checkHandle: RestoreHandle = (description) => {
  assertRemoteHandle(description, 'item');
  return new ReachableHandle();
};

/**
 * An item of a queue as the data of its job: itself where JSON can hold it, as other programs would put it.
 *
 * @returns JSON
 * @throws SerializationError
 */
export const itemText = (item: unknown): string => {
  const bytes = encodeValue(item, 'item');
  const given = decodeValue(bytes, checkHandle);
  const json = isEncoded(given) ? undefined : exactJson(given);
  return json ?? JSON.stringify({ [VALUE]: bytes.toString('base64') });
};

/**
 * @param data of a job; anything that JSON has
 * @param restore makes references to what can be reached from everywhere
 * @throws SerializationError when it says that it is a value, and is none
 */
export const itemOf = (data: unknown, restore: RestoreHandle): unknown => {
  if (!isEncoded(data)) return data;
  return decodeValue(Buffer.from(data[VALUE], 'base64'), (description) => {
    assertRemoteHandle(description, 'item');
    return restore(description);
  });
};
