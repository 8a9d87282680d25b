// What is done to a batch in one step, in the language of Redis: nobody sees it half done, whoever is killed at that moment.
// KEYS are those of the batch, in the order of `DetachedKeys`. The state of a task is `ATTEMPT:PHASE:EXECUTION:LOSSES:DUE:LAST`:
// PHASE is w (waits), r (runs) or s (has settled); DUE is when a waiting attempt may begin, ms since the epoch; LAST is how the
// attempt before ended. No state is attempt 1, which waits.

const PRELUDE = `
local meta, state, log = KEYS[1], KEYS[2], KEYS[3]
local function now()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
local function renew()
  local keep = redis.call('HGET', meta, 'keepMs')
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, keep) end
end
local function read(seq)
  local value = redis.call('HGET', state, seq)
  if not value then return 1, 'w', 0, 0, 0, '-' end
  local a, p, x, l, due, last = string.match(value, '^(%d+):(%a):(%d+):(%d+):(%d+):(.+)$')
  return tonumber(a), p, tonumber(x), tonumber(l), tonumber(due), last
end
local function write(seq, a, p, x, l, due, last)
  redis.call('HSET', state, seq, string.format('%d:%s:%d:%d:%.0f:%s', a, p, x, l, due, last))
  -- A key that has just been made is kept for ever.
  if redis.call('HLEN', state) == 1 then renew() end
end
local function isHalted()
  local h = redis.call('HMGET', meta, 'haltedBy', 'stop')
  return h[1] or h[2]
end
local function count(last)
  redis.call('HINCRBY', meta, last, 1)
  local settled = redis.call('HINCRBY', meta, 'settled', 1)
  local h = redis.call('HMGET', meta, 'haltOn', 'haltAt', 'haltWhen', 'succeeded', 'failed', 'timedOut', 'total', 'haltUnit')
  if h[1] and not isHalted() then
    local reached, limit = tonumber(h[4] or 0), tonumber(h[2])
    if h[1] == 'fail' then reached = tonumber(h[5] or 0) + tonumber(h[6] or 0) end
    if h[8] == 'percent' then limit = math.max(1, limit * tonumber(h[7]) / 100) end
    if reached >= limit then
      redis.call('HSET', meta, 'haltedBy', h[1])
      if h[3] == 'now' then redis.call('HSET', meta, 'stop', 'graceful') end
    end
  end
  if h[7] and settled >= tonumber(h[7]) then redis.call('HSET', meta, 'endedAt', now()) end
end
local function hold(seq, a, x, last)
  if a == 1 then last = 'cancelled' end
  write(seq, a, 's', x, 0, 0, last)
  redis.call('XADD', log, '*', 'k', 'held', 's', seq, 'a', a - 1, 'st', last)
  count(last)
end
`;

/**
 * Begins a batch, under a name that no other one has. KEYS: meta, batches. ARGV: name, id, what keys of meta begin and end
 * with, ms until it is forgotten unless it goes on, fields of meta. 1, or 0: the name is taken.
 */
export const OPEN = `
local other = redis.call('HGET', KEYS[2], ARGV[1])
if other and other ~= ARGV[2] and redis.call('EXISTS', ARGV[3] .. other .. ARGV[4]) == 1 then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
for i = 6, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1
`;

/**
 * More of the list. ARGV: ms until the batch is forgotten unless it goes on; then of each task its position, the task, its rank
 * and its name in the order. 1, or 0: the batch is gone, and nothing was put in. A list that is whole stays as it is.
 */
export const PUT = `${PRELUDE}
if redis.call('EXISTS', meta) == 0 then return 0 end
if redis.call('HEXISTS', meta, 'total') == 1 then return 1 end
for i = 2, #ARGV, 4 do
  redis.call('HSET', KEYS[4], ARGV[i], ARGV[i + 1])
  redis.call('ZADD', KEYS[5], ARGV[i + 2], ARGV[i + 3])
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[1]) end
return 1
`;

/** The list is whole. ARGV: how many tasks there are. 0: the batch is gone. */
export const SEAL = `${PRELUDE}
if redis.call('EXISTS', meta) == 0 then return 0 end
if redis.call('HSETNX', meta, 'total', ARGV[1]) == 1 then
  redis.call('HSET', meta, 'sealedAt', now())
  redis.call('XADD', log, '*', 'k', 'sealed')
  if tonumber(ARGV[1]) == 0 then redis.call('HSET', meta, 'endedAt', now()) end
end
renew()
return 1
`;

/**
 * An attempt is about to begin. ARGV: position, attempt. Answers with what to do: `gone`; `done`; `next`, attempt, when it is
 * due; or `run`, execution, how many were lost before, how long output is kept, the task.
 */
export const BEGIN = `${PRELUDE}
if redis.call('EXISTS', meta) == 0 then return {'gone'} end
renew()
local seq, attempt = ARGV[1], tonumber(ARGV[2])
local a, p, x, l, due, last = read(seq)
if p == 's' or attempt > a then return {'done'} end
if (isHalted() and p == 'w') or redis.call('HGET', meta, 'stop') then
  hold(seq, a, x, last)
  return {'done'}
end
if attempt < a then
  if p == 'w' then return {'next', tostring(a), string.format('%.0f', due)} end
  return {'done'}
end
if p == 'r' then l = l + 1 end
write(seq, a, 'r', x + 1, l, 0, last)
return {'run', tostring(x + 1), tostring(l), redis.call('HGET', meta, 'keepMs'), redis.call('HGET', KEYS[4], seq) or ''}
`;

/**
 * An attempt has ended. ARGV: position, attempt, execution, key of the lock, its token, how it ended, further attempts, pause
 * before the next one (ms), end record. Answers `gone`; `lost`, the lock was another's; else `done`, or `next`, attempt, when due;
 * and whether nothing more is to begin.
 */
export const SETTLE = `${PRELUDE}
if redis.call('EXISTS', meta) == 0 then return {'gone'} end
local seq, attempt, execution = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local a, p, x, l, due, last = read(seq)
if a == attempt and p == 'r' and x == execution then
  if redis.call('GET', ARGV[4]) ~= ARGV[5] then return {'lost'} end
  renew()
  last = ARGV[6]
  local isOver = last == 'succeeded' or last == 'cancelled' or isHalted() or attempt > tonumber(ARGV[7])
  local delay = tonumber(ARGV[8])
  local fields = {'k', 'end', 's', seq, 'a', a, 'x', x, 'st', last, 'r', ARGV[9]}
  if isOver then
    write(seq, a, 's', x, l, 0, last)
    table.insert(fields, 'f')
    table.insert(fields, '1')
  else
    due = 0
    if delay > 0 then due = now() + delay end
    write(seq, a + 1, 'w', 0, 0, due, last)
    table.insert(fields, 'd')
    table.insert(fields, delay)
  end
  redis.call('XADD', log, '*', unpack(fields))
  if isOver then count(last) end
  a, p, x, l, due, last = read(seq)
end
local halted = '0'
if isHalted() then halted = '1' end
if p == 'w' and a > attempt then return {'next', tostring(a), string.format('%.0f', due), halted} end
return {'done', halted}
`;

/** An attempt goes back to the queue, and is to be begun once more. ARGV: position, attempt, execution. */
export const HAND_BACK = `${PRELUDE}
local seq = ARGV[1]
local a, p, x, l, due, last = read(seq)
if redis.call('EXISTS', meta) == 1 and a == tonumber(ARGV[2]) and p == 'r' and x == tonumber(ARGV[3]) then
  write(seq, a, 'w', x, l, 0, last)
  redis.call('XADD', log, '*', 'k', 'back', 's', seq, 'a', a, 'x', x)
end
return 1
`;

/** Somebody is at work on the batch. Answers how what runs is to be ended (`gone`: it is not wanted any more), or false. */
export const LOOK = `${PRELUDE}
if redis.call('EXISTS', meta) == 0 then return 'gone' end
renew()
return redis.call('HGET', meta, 'stop')
`;

/** ARGV: `graceful` or `now`. Answers how many have not settled; -1: the batch is gone. */
export const STOP = `${PRELUDE}
local m = redis.call('HMGET', meta, 'total', 'settled', 'stop')
if redis.call('EXISTS', meta) == 0 then return -1 end
local left = tonumber(m[1] or 0) - tonumber(m[2] or 0)
if left > 0 and m[3] ~= 'now' then redis.call('HSET', meta, 'stop', ARGV[1]) end
if left > 0 then redis.call('HSETNX', meta, 'haltedBy', 'cancel') end
return left
`;

/**
 * Settles those of a halted batch that wait, and those at work whose worker is lost. ARGV: first and last position, id of the
 * batch, what keys of jobs begin with, end record of those that are lost. Answers how many are still at work.
 */
export const SWEEP = `${PRELUDE}
local running = 0
if not isHalted() then return -1 end
renew()
local isStopped = redis.call('HGET', meta, 'stop')
for number = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  local seq = tostring(number)
  local a, p, x, l, due, last = read(seq)
  if p == 'w' then
    hold(seq, a, x, last)
  elseif p == 'r' then
    if isStopped and redis.call('EXISTS', ARGV[4] .. ARGV[3] .. '-' .. seq .. '-' .. a .. ':lock') == 0 then
      write(seq, a, 's', x, l, 0, 'cancelled')
      redis.call('XADD', log, '*', 'k', 'end', 's', seq, 'a', a, 'x', x, 'st', 'cancelled', 'r', ARGV[5], 'f', '1')
      count('cancelled')
    else
      running = running + 1
    end
  end
end
return running
`;

/**
 * Those that have not settled and have no job (any more). ARGV: first and last position, id of the batch, what keys of jobs
 * begin with. Answers position, attempt, when it is due, of each.
 */
export const MISSING = `${PRELUDE}
local missing = {}
for number = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  local seq = tostring(number)
  local a, p, x, l, due, last = read(seq)
  if p ~= 's' and redis.call('EXISTS', ARGV[4] .. ARGV[3] .. '-' .. seq .. '-' .. a) == 0 then
    table.insert(missing, seq)
    table.insert(missing, tostring(a))
    table.insert(missing, string.format('%.0f', due))
  end
end
return missing
`;
