import type { HandleDescription } from '../protocol/values/handle.ts';

/** Makes an object that came by reference from another process. */
export const restoreHandle = (description: HandleDescription): object => {
  throw new Error(`unknown kind of handle: ${description.kind}`);
};
