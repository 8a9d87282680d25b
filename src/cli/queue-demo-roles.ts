// What the processes of `queue-demo` do. Each of these functions is sent by its text, and uses nothing of what stands
// around it.
import type { Queue } from '../api/queue.ts';

/** What the processes tell the one that has started them. */
export interface DemoReport {
  readonly by: string;
  readonly what: 'put' | 'got' | 'done';
  readonly item: number;
  /** The global variable in which it counts. */
  readonly counted: number;
}

/** Puts the items `first`, `first + step`, … up to `last`. */
export const produce = async (
  name: string,
  queue: Queue<number>,
  reports: Queue<DemoReport>,
  [first, step, last]: readonly [number, number, number],
): Promise<void> => {
  const globals = globalThis as { queueDemoCount?: number };
  globals.queueDemoCount = 0;
  for (let item = first; item <= last; item += step) {
    await queue.put(item);
    globals.queueDemoCount += 1;
    await reports.put({ by: name, what: 'put', item, counted: globals.queueDemoCount });
  }
  await reports.put({ by: name, what: 'done', item: 0, counted: globals.queueDemoCount });
};

/** Takes items until the queue is closed and empty; each takes it so long. */
export const consume = async (
  name: string,
  queue: Queue<number>,
  reports: Queue<DemoReport>,
  delayMs: number,
): Promise<void> => {
  const globals = globalThis as { queueDemoCount?: number };
  globals.queueDemoCount = 0;
  for await (const item of queue) {
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    globals.queueDemoCount += 1;
    await reports.put({ by: name, what: 'got', item, counted: globals.queueDemoCount });
  }
  await reports.put({ by: name, what: 'done', item: 0, counted: globals.queueDemoCount });
};
