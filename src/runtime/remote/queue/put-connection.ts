import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { RemoteError } from '../../../errors.ts';

/** Of the command by which BullMQ adds a job; behind a colon it has its version. */
const ADDING = /^addStandardJob(?::|$)/;

/**
 * A connection on which BullMQ's script for adding a job has ours in front. Without ours nothing may be added: bounds, order and
 * the end of the queue would hold for nobody, and nobody would be told.
 */
export class PutConnection {
  readonly redis: Redis;
  #isGuarded = false;

  /** @param prelude Lua */
  constructor(redis: Redis, prelude: string) {
    this.redis = redis;
    const define = redis.defineCommand.bind(redis);
    redis.defineCommand = (command, definition) => {
      if (!ADDING.test(command)) return define(command, definition);
      define(command, { ...definition, lua: `${prelude}${definition.lua}` });
      this.#isGuarded = true;
    };
  }

  /**
   * Resolves when it is known that what the queue adds goes by our script.
   *
   * @param queue that has this connection
   * @throws RemoteError ERR_REDIS when it would not
   */
  async guarded(queue: Queue): Promise<void> {
    if (this.#isGuarded) return;
    try {
      // Until then BullMQ has told the connection of no script.
      await queue.waitUntilReady();
    } catch {
      return; // it is closed: nothing can be added
    }
    if (this.#isGuarded) return;
    throw new RemoteError(
      'ERR_REDIS',
      'nothing can be put: this version of bullmq adds jobs in a way that is not known here',
      {
        hint: 'install the version of bullmq that procctl was tested with: npm install bullmq@6.7',
      },
    );
  }
}
