import { decodeValue, encodeValue } from '../../../src/protocol/values/codec.ts';

export const noHandles = (): never => {
  throw new Error('there is no handle in this value');
};

/** The value as another process would have it. */
export const crossed = <T>(value: T): T => decodeValue(encodeValue(value), noHandles) as T;
