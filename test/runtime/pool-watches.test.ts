import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AttemptError } from '../../src/core/pool/outcome.ts';
import type { ProcInfo } from '../../src/runtime/family/proc.ts';
import { Sizes } from '../../src/runtime/pool/sizes.ts';
import { availableMemory } from '../../src/runtime/pool/watches/available-memory.ts';
import { FreeMemoryWatch } from '../../src/runtime/pool/watches/free-memory-watch.ts';
import { LoadWatch, readRunnable } from '../../src/runtime/pool/watches/load-watch.ts';
import { TaskMemoryWatch } from '../../src/runtime/pool/watches/task-memory-watch.ts';
import type { Watched } from '../../src/runtime/pool/watches/watched.ts';

/** A pool as the watches see it: tasks start at once where there is room, and stay. */
class FakePool implements Watched {
  readonly sizes: Sizes;
  ready: number;
  running = 0;
  displaced = 0;
  killed: [number, AttemptError][] = [];
  rssPages: number[] = [];

  constructor(wanted: number, ready: number) {
    this.sizes = new Sizes(wanted);
    this.ready = ready;
  }

  get counts(): Watched['counts'] {
    return { ready: this.ready, running: this.running } as Watched['counts'];
  }

  hold: Watched['hold'] = (by, bound) => {
    this.sizes.hold(by, bound);
    this.start();
  };

  start(): void {
    const more = Math.min(this.ready, Math.max(0, this.sizes.effective - this.running));
    this.running += more;
    this.ready -= more;
  }

  displaceYoungest(): void {
    this.displaced += 1;
  }

  families(): ReadonlyMap<number, readonly ProcInfo[]> {
    return new Map(this.rssPages.map((rssPages, index) => [index + 1, [{ rssPages } as ProcInfo]]));
  }

  kill(seq: number, error: AttemptError): void {
    this.killed.push([seq, error]);
  }
}

describe('what watches the machine', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('allows as many tasks as there is room for, and no more though the wait is long', () => {
    const pool = new FakePool(10, 100);
    // Each task keeps one thread busy, and others on the machine keep one.
    const watch = new LoadWatch(pool, { limit: 4, read: () => pool.running + 1, onHeld: () => {} });
    for (let round = 0; round < 20; round += 1) vi.advanceTimersByTime(250);
    expect(pool.running).toBe(3);
    watch.stop();
  });

  it('lets one task run on a machine that is busy for good, and tells once that the others wait', () => {
    const pool = new FakePool(10, 100);
    const told: string[] = [];
    const watch = new LoadWatch(pool, { limit: 2, read: () => 50, onHeld: (reason) => told.push(reason) });
    vi.advanceTimersByTime(5_000);
    expect(pool.running).toBe(1);
    expect(told).toEqual(['load 50.0, limit 2']);
    expect(pool.sizes.heldBy(1)).toBe('load 50.0, limit 2');
    watch.stop();
  });

  it('goes on when the load is gone', () => {
    const pool = new FakePool(4, 100);
    let load = 9;
    const watch = new LoadWatch(pool, { limit: 8, read: () => load, onHeld: () => {} });
    expect(pool.running).toBe(1);
    load = 0;
    vi.advanceTimersByTime(300);
    expect(pool.running).toBe(4);
    expect(pool.sizes.heldBy(4)).toBeUndefined();
    watch.stop();
  });

  it('holds nothing back where the kernel does not tell', () => {
    const pool = new FakePool(4, 100);
    const watches = [
      new LoadWatch(pool, { limit: 1, read: () => undefined, onHeld: () => {} }),
      new FreeMemoryWatch(pool, { bytes: 1, read: () => undefined, onHeld: () => {} }),
    ];
    pool.start();
    expect(pool.running).toBe(4);
    for (const watch of watches) watch.stop();
  });

  it('starts one task more at each look once memory has been short', () => {
    const pool = new FakePool(4, 100);
    const told: string[] = [];
    let free = 90;
    const watch = new FreeMemoryWatch(pool, {
      bytes: 100 * 2 ** 20,
      read: () => free * 2 ** 20,
      onHeld: (text) => told.push(text),
    });
    expect([pool.running, told]).toEqual([1, ['90M of memory free, wanted 100M']]);
    vi.advanceTimersByTime(1_000);
    expect([pool.running, pool.displaced]).toEqual([1, 0]);
    free = 200;
    const seen = [0, 1, 2, 3].map(() => {
      vi.advanceTimersByTime(250);
      return pool.running;
    });
    expect(seen).toEqual([2, 3, 4, 4]);
    expect(told).toHaveLength(1);
    watch.stop();
  });

  it('has the youngest give way below half of what is to be free, and not before', () => {
    const pool = new FakePool(4, 100);
    let free = 1_000;
    const watch = new FreeMemoryWatch(pool, { bytes: 1_000, read: () => free, onHeld: () => {} });
    pool.start();
    expect(pool.running).toBe(4);
    free = 500;
    vi.advanceTimersByTime(1_000);
    expect(pool.displaced).toBe(0);
    free = 499;
    vi.advanceTimersByTime(250);
    expect(pool.displaced).toBe(1);
    watch.stop();
  });

  it('kills tasks that use more memory than they may, and only these', () => {
    const pool = new FakePool(3, 0);
    pool.running = 3;
    pool.rssPages = [100, 100_000, 200];
    const watch = new TaskMemoryWatch(pool, 64 * 2 ** 20);
    vi.advanceTimersByTime(200);
    expect(pool.killed.map(([seq, { code }]) => [seq, code])).toEqual([[2, 'ERR_MEMORY_MAX']]);
    expect(pool.killed[0]?.[1].message).toMatch(/^used \S+ of memory, more than 64M \(--memory-max\)$/);
    watch.stop();
  });
});

describe('what the machine says', () => {
  it('is a number of threads, and bytes of memory', () => {
    expect(readRunnable()).toBeGreaterThanOrEqual(0);
    expect(availableMemory()).toBeGreaterThan(2 ** 20);
  });
});
