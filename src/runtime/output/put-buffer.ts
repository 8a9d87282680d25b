import type { OutputPump, Target } from './output-pump.ts';
import type { SpillBuffer } from './spill-buffer.ts';
import { tagged } from './tag.ts';

/** What is this small is handed over at once, so that the pump can join it with its neighbours. */
const SMALL_BYTES = 8 * 1024;

/** Hands everything a buffer holds to the pump, each line behind `prefix` if there is one, and clears the buffer. */
export const putBuffer = (pump: OutputPump, target: Target, buffer: SpillBuffer, prefix: string | undefined): void => {
  if (buffer.size === 0) return;
  const chunks = prefix === undefined ? buffer.chunks() : tagged(buffer.chunks(), prefix);
  if (buffer.size > SMALL_BYTES) {
    pump.writeFrom(target, chunks, buffer.size, () => buffer.clear());
    return;
  }
  for (const chunk of chunks) pump.write(target, chunk);
  buffer.clear();
};
