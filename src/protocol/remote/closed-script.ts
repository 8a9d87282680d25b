import { itemKeys } from './item-keys.ts';
import { keysOf } from './keys.ts';

/** Who comes late learns for so long after a closed queue was found empty that it was closed, s. */
const CLOSED_EXPIRY_S = 3_600;

/**
 * Lua: from when a closed queue is found empty, that it is closed is kept for a while only. Before that whoever takes its items has to
 * learn that they are the last ones, however long they take.
 *
 * @param queue letters, digits, `.`, `_`, `-`
 */
export const forgetClosedWhenEmpty = (queue: string): string => {
  const { closed } = itemKeys(queue);
  const { job } = keysOf(queue);
  return `if redis.call('TTL', '${closed}') == -1 and redis.call('LLEN', '${job('wait')}') == 0
      and redis.call('LLEN', '${job('active')}') == 0 and redis.call('ZCARD', '${job('prioritized')}') == 0
    then redis.call('EXPIRE', '${closed}', ${CLOSED_EXPIRY_S}) end`;
};

/** Lua: nothing more is put. @param event what those who listen are told */
export const closeScript = (queue: string, event: string): string => `
redis.call('SET', '${itemKeys(queue).closed}', '1')
redis.call('XADD', '${keysOf(queue).events}', '*', 'event', '${event}')
${forgetClosedWhenEmpty(queue)}
`;
