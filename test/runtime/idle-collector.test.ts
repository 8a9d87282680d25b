import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { IdleCollector } from '../../src/runtime/idle-collector.ts';

describe('IdleCollector', () => {
  const gc = vi.fn();
  let before: typeof globalThis.gc;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    before = globalThis.gc;
    globalThis.gc = gc as unknown as typeof globalThis.gc;
    gc.mockClear();
  });
  afterEach(() => {
    vi.useRealTimers();
    globalThis.gc = before as typeof globalThis.gc;
  });

  it('collects once all has been quiet for a moment, and then sleeps', () => {
    const collector = new IdleCollector();
    for (let second = 0; second < 5; second += 1) {
      collector.note();
      vi.advanceTimersByTime(1_000);
    }
    expect(gc).not.toHaveBeenCalled();
    vi.advanceTimersByTime(2_000);
    expect(gc).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('collects soon after a large request, however short ago it collected last', () => {
    const collector = new IdleCollector();
    collector.note();
    vi.advanceTimersByTime(2_000);
    const garbage = Array.from({ length: 400_000 }, (_, index) => ({ index }));
    collector.note();
    vi.advanceTimersByTime(2_000);
    expect(gc).toHaveBeenCalledTimes(2);
    expect(garbage).toHaveLength(400_000);
  });
});
