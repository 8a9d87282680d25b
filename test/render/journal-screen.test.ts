import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import type { RunView, TaskView } from '../../src/protocol/journal/history.ts';
import { renderJournalScreen } from '../../src/render/journal-screen.ts';

const counts = { submitted: 2, alreadyDone: 0, succeeded: 1, failed: 1, timedOut: 0, cancelled: 0, skipped: 0 };
const task: TaskView = {
  ...{ seq: 1, id: '1', name: 'a', key: 'k', state: 'succeeded', attempts: 1, exitCode: 0, signal: null, error: null },
  ...{ startedAt: '2026-01-02T03:04:05.678Z', endedAt: '2026-01-02T03:04:06.678Z', durationMs: 1_000, slot: 1 },
};
const run: RunView = {
  ...{ run: 1, state: 'ended', size: 2, pid: 4242, haltedBy: null, counts, attempts: [] },
  ...{ startedAt: '2026-01-02T03:04:05.678Z', endedAt: '2026-01-02T03:04:07.678Z' },
  tasks: [task, { ...task, seq: 2, id: '2', name: `漢字 ${'x'.repeat(300)}`, state: 'failed', exitCode: 3 }],
};

const linesAt = (columns: number): string[] =>
  renderJournalScreen([run], { columns, colour: false, now: 0 }).trimEnd().split('\n');

describe('a journal on a terminal', () => {
  it('leaves out what tells least where the window is narrow, and wraps no line', () => {
    for (let columns = 40; columns < 160; columns += 1) {
      const lines = linesAt(columns);
      expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(columns);
      expect(lines[0]).toMatch(/^RUN +STATE .*TASKS +SUCCEEDED +FAILED/);
      expect(lines.at(-1)).toMatch(/2 .*failed .*漢字 x+…$/);
    }
  });

  it('shows all of it where there is room, and counts that are 0 last', () => {
    expect(linesAt(160)[0]).toMatch(/PID +TASKS +SUCCEEDED +FAILED +TIMED-OUT +CANCELLED +SKIPPED +LEFT-OUT$/);
    expect(linesAt(100)[0]).toMatch(/PID +TASKS +SUCCEEDED +FAILED/);
    expect(linesAt(100)[0]).not.toContain('LEFT-OUT');
  });
});
