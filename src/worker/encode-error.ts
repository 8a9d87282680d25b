import { SerializationError } from '../errors.ts';
import { encodeValue } from '../protocol/values/codec.ts';

/** What was thrown, for another process. It may be anything, and something arrives in any case. */
export const encodeError = (thrown: unknown): Buffer => {
  try {
    return encodeValue(thrown, 'error');
  } catch (error) {
    const reason = error instanceof SerializationError ? error.message : String(error);
    return encodeValue(new SerializationError(`what was thrown cannot be sent: ${reason}`, 'error'), 'error');
  }
};
