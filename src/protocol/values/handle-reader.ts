import { Malformed } from './byte-reader.ts';
import type { Decoder } from './decoder.ts';
import { isDescription } from './handle-text.ts';

/** What `restore` threw, apart from what is wrong with the bytes. */
export class RestoreFailure {
  constructor(readonly thrown: unknown) {}
}

export const readHandle = (decoder: Decoder): object => {
  const description: unknown = JSON.parse(decoder.readText());
  if (!isDescription(description)) throw new Malformed('has a handle without a kind');
  let object: object;
  try {
    object = decoder.restore(description);
  } catch (thrown) {
    throw new RestoreFailure(thrown);
  }
  return decoder.keep(object);
};
