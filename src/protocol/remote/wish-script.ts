/**
 * Whether jobs are wanted that have been taken from a queue just now, without a question that names them: of those that were taken last,
 * by whomever, and of batches.
 *
 * KEYS: BullMQ's list of jobs that are being done, the newest first; batches. ARGV: how many jobs; what the key of an end begins with.
 * Returns their ids, and what stands in the keys of their ends and of the batches.
 */
export const WISHES = `
local ids = redis.call('LRANGE', KEYS[1], 0, tonumber(ARGV[1]) - 1)
local keys = {}
for at, id in ipairs(ids) do keys[at] = ARGV[2] .. id end
for at = 2, #KEYS do keys[#keys + 1] = KEYS[at] end
if #keys == 0 then return { ids, {} } end
return { ids, redis.call('MGET', unpack(keys)) }
`;
