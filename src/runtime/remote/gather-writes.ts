import type { Redis } from 'ioredis';

/**
 * Has a connection send what it is given while the event loop goes round once by one write: a write for each command costs
 * both sides more than most commands do. Nothing else changes: neither the order, nor what happens to what is under way
 * when the connection is lost.
 */
export const gatherWrites = (redis: Redis): void => {
  const send = redis.sendCommand.bind(redis);
  let corked: unknown;
  redis.sendCommand = (...args) => {
    const { stream } = redis;
    // Each connection has a stream of its own; before the first there is none.
    if (stream !== undefined && stream !== corked) {
      corked = stream;
      stream.cork();
      setImmediate(() => {
        corked = undefined;
        stream.uncork();
      });
    }
    return send(...args);
  };
};
