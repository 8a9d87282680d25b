import { forgetClosedWhenEmpty } from './closed-script.ts';
import { itemKeys } from './item-keys.ts';

/** What the server says of an item that was not put. */
export const PUT_REFUSED = { full: 'PROCCTL_FULL', closed: 'PROCCTL_CLOSED', later: 'PROCCTL_LATER' } as const;

/** Kept for as long as somebody may still send again what he has sent, s. */
const EXPIRY_S = 3600;

/** The id of the job of an item. */
export const itemId = (producer: string, number: number): string => `${producer}-${number}`;

/**
 * Stands in front of the script by which BullMQ adds a job, so that what it looks at and what that does are one step: no more
 * items than there may be, each producer's in their order, and none twice when it is sent again after a lost connection.
 *
 * BullMQ hands the id of the job over in a list packed by msgpack, second.
 *
 * @param queue letters, digits, `.`, `_`, `-`
 * @param maxSize Infinity: any number
 */
export const putPrelude = (queue: string, maxSize: number): string => {
  const keys = itemKeys(queue);
  const isFull = Number.isFinite(maxSize)
    ? `if redis.call('LLEN', KEYS[1]) >= ${maxSize} then return redis.error_reply('${PUT_REFUSED.full}') end`
    : '';
  return `do
  local id = cmsgpack.unpack(ARGV[1])[2]
  local producer, number = string.match(tostring(id), '^(%x+)%-(%d+)$')
  if producer then
    local key = '${keys.put('')}' .. producer
    local last = tonumber(redis.call('GET', key) or '0')
    number = tonumber(number)
    if number <= last then return id end
    if redis.call('EXISTS', '${keys.closed}') == 1 then
      ${forgetClosedWhenEmpty(queue)}
      return redis.error_reply('${PUT_REFUSED.closed}')
    end
    if number > last + 1 then return redis.error_reply('${PUT_REFUSED.later}') end
    ${isFull}
    redis.call('SET', key, number, 'EX', ${EXPIRY_S})
  end
end
`;
};
