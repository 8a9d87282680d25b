import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Painter } from '../../src/cli/painter.ts';
import { LiveView } from '../../src/cli/pool/pool-live.lazy.ts';
import type { PoolView } from '../../src/render/pool-view.ts';
import { counts, idleSlot, slot, view } from '../render/view.ts';

/** As much of a terminal as the painter uses; a new width wraps what was written before, as most terminals do. */
class FakeTerminal extends EventEmitter {
  readonly writes: string[] = [];
  isCursorShown = true;
  columns = 55;
  rows = 10;
  #lines = [''];
  #row = 0;
  /** The first line that has not scrolled out of reach. */
  #top = 0;

  write(text: string): boolean {
    this.writes.push(text);
    for (const [part, mode, count, final] of text.matchAll(/\x1b\[(\?\d+)?(\d*)([A-Za-z])|\r|\n|[^\r\n\x1b]+/g)) {
      if (final !== undefined) this.#obey(final, Number(count), mode);
      else if (part === '\n') this.#moveTo(this.#row + 1);
      else if (part !== '\r') this.#lines[this.#row] = (this.#lines[this.#row] ?? '') + part;
    }
    return true;
  }

  resize(columns: number, rows: number): void {
    const wrapped = this.#lines.map((line) => line.match(new RegExp(`.{1,${columns}}`, 'g')) ?? ['']);
    this.#row = wrapped.slice(0, this.#row).flat().length;
    this.#lines = wrapped.flat();
    this.#top = Math.max(0, this.#lines.length - rows);
    Object.assign(this, { columns, rows });
    this.emit('resize');
  }

  /** All that stands there, with what has scrolled away, without the empty rest. */
  text(): string {
    return this.#lines.join('\n').trimEnd();
  }

  #obey(final: string, count: number, mode: string | undefined): void {
    if (mode === '?25') this.isCursorShown = final === 'h';
    if (final === 'A') this.#moveTo(Math.max(this.#top, this.#row - count));
    if (final === 'K') this.#lines[this.#row] = '';
    if (final === 'J') this.#lines = [...this.#lines.slice(0, this.#row), ''];
  }

  #moveTo(row: number): void {
    this.#row = row;
    this.#lines[row] ??= '';
    this.#top = Math.max(this.#top, row - this.rows + 1);
  }
}

const SHELL = '$ procctl pool tasks.json';

const HEAD = 'SLOT      PID  STATE     ALIVE  TASK            ELAPSED';
const SLOT = '   1     4711  running   yes    gzip -9 a.log      0:03';

const settled = (succeeded: number) => view({ counts: counts({ submitted: 45, succeeded }) });

let terminal: FakeTerminal;
let shown: PoolView;
let live: LiveView;

beforeEach(() => {
  vi.useFakeTimers();
  terminal = new FakeTerminal();
  terminal.write(`${SHELL}\n`);
  terminal.writes.length = 0;
  shown = view();
  live = new LiveView({ stream: terminal as unknown as NodeJS.WriteStream, colour: false, view: () => shown });
});

afterEach(() => {
  live.stop();
  vi.useRealTimers();
});

const lines = (): string[] => terminal.text().split('\n');

describe('the live view of a pool', () => {
  it('paints below what is there, at once, with the cursor hidden', () => {
    live.start();
    expect(lines()).toEqual([SHELL, HEAD, SLOT, expect.stringContaining('12/45  2 failed  ETA 0:12')]);
    expect(terminal.isCursorShown).toBe(false);
  });

  it('writes a frame in one piece, over the earlier one', () => {
    live.start();
    vi.advanceTimersByTime(100);
    terminal.writes.length = 0;
    shown = settled(44);
    live.changed();
    expect(terminal.writes).toEqual([expect.stringMatching(/^\x1b\[\?2026h.*\x1b\[\?2026l$/s)]);
    expect(lines()).toEqual([SHELL, HEAD, SLOT, expect.stringContaining('44/45')]);
  });

  it('paints at most ten times a second, and the last change in the end', () => {
    live.start();
    terminal.writes.length = 0;
    for (let change = 1; change <= 200; change += 1) {
      vi.advanceTimersByTime(5);
      shown = view({ counts: counts({ submitted: 200, succeeded: change }) });
      live.changed();
    }
    vi.advanceTimersByTime(100);
    expect(terminal.writes.length).toBeGreaterThanOrEqual(9);
    expect(terminal.writes.length).toBeLessThanOrEqual(11);
    expect(lines().at(-1)).toContain('200/200');
  });

  it('keeps time by itself, and writes nothing while nothing changes', () => {
    live.start();
    shown = view({ slots: [slot({ elapsedMs: 4_000 })] });
    vi.advanceTimersByTime(1_000);
    expect(lines()[2]).toBe(SLOT.replace('0:03', '0:04'));
    terminal.writes.length = 0;
    for (let change = 0; change < 50; change += 1) {
      live.changed();
      vi.advanceTimersByTime(100);
    }
    expect(terminal.writes).toEqual([]);
  });

  it('makes room for other output, and comes back only when it is told to', () => {
    live.start();
    live.clear();
    terminal.write('output of a task\nand no newline yet');
    vi.advanceTimersByTime(5_000);
    terminal.emit('resize');
    expect(lines()).toEqual([SHELL, 'output of a task', 'and no newline yet']);
    terminal.write('\n');
    live.changed();
    expect(lines().slice(0, 4)).toEqual([SHELL, 'output of a task', 'and no newline yet', HEAD]);
  });

  it('takes back a repaint that is due when the area is cleared', () => {
    live.start();
    live.changed();
    live.clear();
    vi.advanceTimersByTime(5_000);
    expect(lines()).toEqual([SHELL]);
  });

  it.each([54, 40, 23, 20, 11])('leaves nothing of the wrapped frame when the window gets %i wide', (columns) => {
    shown = view({ slots: [slot(), idleSlot(2)] });
    live.start();
    terminal.resize(columns, 24);
    const atOnce = lines();
    live.clear();
    expect(lines().join('')).toBe(SHELL);
    live.changed();
    vi.advanceTimersByTime(100);
    expect(lines()).toEqual(atOnce);
    terminal.resize(55, 10);
    expect(lines().slice(-4)).toEqual([HEAD, SLOT, expect.stringContaining('ready'), expect.stringContaining('12/45')]);
  });

  it('stays inside a window that gets lower', () => {
    shown = view({ slots: Array.from({ length: 8 }, (_, index) => slot({ slot: index + 1 })) });
    terminal.resize(55, 24);
    live.start();
    expect(lines()).toHaveLength(11);
    terminal.resize(55, 12);
    expect(lines()).toHaveLength(11);
    terminal.resize(55, 5);
    expect(lines().slice(-4)).toEqual([HEAD, SLOT, '… 7 more slots', expect.stringContaining('12/45')]);
    live.stop();
    expect(lines().at(-1)).not.toContain('12/45');
  });

  it('is gone without a trace once stopped', () => {
    const listeners = () => process.eventNames().map((name) => [name, process.listenerCount(name)]);
    const before = listeners();
    live.start();
    live.changed();
    live.stop();
    live.stop();
    live.changed();
    vi.advanceTimersByTime(5_000);
    expect(terminal.text()).toBe(SHELL);
    expect(terminal.isCursorShown).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
    expect(terminal.eventNames()).toEqual([]);
    expect(listeners()).toEqual(before);
  });

  it('leaves signals that end the program to the program', () => {
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
    const before = signals.map((signal) => process.listenerCount(signal));
    live.start();
    expect(signals.map((signal) => process.listenerCount(signal))).toEqual(before);
  });

  it('leaves the screen to the shell while the program is stopped by Ctrl-Z', () => {
    const stop = vi.spyOn(process, 'kill').mockImplementation(() => {
      expect(terminal.text()).toBe(SHELL);
      expect(terminal.isCursorShown).toBe(true);
      expect(process.listenerCount('SIGTSTP')).toBe(0);
      terminal.write('[1]+ Stopped\n$ fg\n');
      return true;
    });
    const painter = new Painter({ stream: terminal as unknown as NodeJS.WriteStream, render: () => HEAD });
    painter.start();
    process.emit('SIGTSTP', 'SIGTSTP');
    expect(stop).toHaveBeenCalledExactlyOnceWith(process.pid, 'SIGTSTP');
    stop.mockRestore();
    expect(lines()).toEqual([SHELL, '[1]+ Stopped', '$ fg', HEAD]);
    expect(terminal.isCursorShown).toBe(false);
    painter.stop();
    expect(process.listenerCount('SIGTSTP')).toBe(0);
  });

  it('leaves the screen aside for what somebody else does, and does not see to Ctrl-Z itself', () => {
    live.start();
    expect(process.listenerCount('SIGTSTP')).toBe(0);
    live.aside(() => {
      expect(terminal.text()).toBe(SHELL);
      expect(terminal.isCursorShown).toBe(true);
      terminal.write('[1]+ Stopped\n$ fg\n');
    });
    expect(lines()).toEqual([SHELL, '[1]+ Stopped', '$ fg', HEAD, SLOT, expect.stringContaining('12/45')]);
    expect(terminal.isCursorShown).toBe(false);
    live.stop();
  });
});
