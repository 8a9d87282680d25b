import { describe, expect, it, vi } from 'vitest';
import { watchInPipe, watchInPlace } from '../../src/cli/watch.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGCONT'] as const;
const listeners = () => SIGNALS.map((name) => process.listenerCount(name));

let isRead = true;
const written: string[] = [];
vi.mock('../../src/cli/write-stdout.ts', () => ({
  READER_GONE: 141,
  writeStdout: async (text: string) => {
    written.push(text);
    return isRead;
  },
}));

const painter = () => ({ start: vi.fn(), changed: vi.fn(), stop: vi.fn() });

describe('a watch in place', () => {
  it('paints after each look until a signal ends it, and leaves no trace', async () => {
    const before = listeners();
    const painted = painter();
    let looks = 0;
    const status = await watchInPlace(
      painted,
      async () => {
        looks += 1;
        if (looks === 3) process.emit('SIGINT', 'SIGINT');
      },
      1,
    );
    expect(status).toBe(130);
    expect(painted.start).toHaveBeenCalledOnce();
    expect(painted.changed).toHaveBeenCalledTimes(2);
    expect(painted.stop).toHaveBeenCalledOnce();
    expect(listeners()).toEqual(before);
  });

  it('ends at once when asked to, however long the look or the pause takes', async () => {
    const terminate = () => process.emit('SIGTERM', 'SIGTERM');
    const stuck = watchInPlace(painter(), () => new Promise(() => terminate()), 1);
    await expect(stuck).resolves.toBe(143);
    const resting = watchInPlace(painter(), async () => {}, 60 * 86_400_000);
    terminate();
    await expect(resting).resolves.toBe(143);
  });

  it('gives the terminal back when a look fails', async () => {
    const before = listeners();
    const painted = painter();
    const failing = watchInPlace(painted, () => Promise.reject(new Error('gone')), 1);
    await expect(failing).rejects.toThrow('gone');
    expect(painted.stop).toHaveBeenCalledOnce();
    expect(listeners()).toEqual(before);
  });
});

describe('a watch in a pipe', () => {
  it('writes look after look until nobody reads any more', async () => {
    const before = listeners();
    written.length = 0;
    isRead = true;
    const next = async () => {
      if (written.length === 2) isRead = false;
      return `look ${written.length + 1}\n`;
    };
    await expect(watchInPipe(next, 1)).resolves.toBe(141);
    expect(written).toEqual(['look 1\n', 'look 2\n', 'look 3\n']);
    expect(listeners()).toEqual(before);
  });

  it('writes nothing more once a signal has ended it', async () => {
    written.length = 0;
    isRead = true;
    const next = async () => {
      process.emit('SIGINT', 'SIGINT');
      return 'late\n';
    };
    await expect(watchInPipe(next, 1)).resolves.toBe(130);
    expect(written).toEqual([]);
  });
});
