import type { AnyFunction } from '../protocol/target.ts';
import { encodeValue } from '../protocol/values/codec.ts';

/** What became of one call of many. */
export type EachResult = readonly [isReturned: boolean, value: unknown];

export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  value !== null && typeof value === 'object' && typeof (value as PromiseLike<unknown>).then === 'function';

export interface EachKind {
  /** Each item is the list of arguments; else the only argument. */
  readonly isStar: boolean;
  /** The results are `EachResult`s; else the first error is thrown. */
  readonly isEach: boolean;
}

/** Makes one call for each item, one after the other. */
export const callEach = async (
  fn: AnyFunction,
  { isStar, isEach }: EachKind,
  items: readonly unknown[],
): Promise<unknown[]> => {
  const results: unknown[] = new Array(items.length);
  for (let index = 0; index < items.length; index += 1) {
    try {
      const item = items[index];
      let result: unknown = isStar ? fn(...(item as unknown[])) : fn(item);
      if (isThenable(result)) result = await result;
      results[index] = isEach ? [true, result] : result;
    } catch (error) {
      if (!isEach) throw error;
      results[index] = [false, error];
    }
  }
  return results;
};

/** The same, with the reason in the place of each result that cannot be sent. */
export const sendable = (results: readonly EachResult[]): EachResult[] =>
  results.map(([isReturned, value]) => {
    try {
      encodeValue(value, 'result');
      return [isReturned, value];
    } catch (error) {
      return [false, error];
    }
  });
