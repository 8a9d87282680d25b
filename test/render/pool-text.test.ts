import { describe, expect, it } from 'vitest';
import { failureLine, progressLine, retryLine, summaryLine } from '../../src/render/pool-text.ts';
import { counts, view } from './view.ts';

describe('the summary', () => {
  it('counts the tasks by how they ended, and leaves out what there is none of', () => {
    expect(summaryLine(counts({ submitted: 45, succeeded: 44, failed: 1 }), 3_217, null)).toBe(
      'procctl: 45 tasks: 44 succeeded, 1 failed in 3.2s',
    );
    expect(summaryLine(counts({ submitted: 1, succeeded: 1 }), 12, null)).toBe('procctl: 1 task: 1 succeeded in 12ms');
  });

  it('says that the run was halted or cancelled, and what did not come to an end', () => {
    expect(
      summaryLine(
        counts({ submitted: 9, succeeded: 1, failed: 2, timedOut: 1, cancelled: 3, skipped: 2 }),
        65_000,
        'halted',
      ),
    ).toBe('procctl: 9 tasks: 1 succeeded, 2 failed, 1 timed out, 3 cancelled, 2 skipped in 1m05s (halted)');
    expect(summaryLine(counts({ submitted: 5, succeeded: 3, running: 2 }), 1_000, 'cancelled')).toBe(
      'procctl: 5 tasks: 3 succeeded, 2 unfinished in 1.0s (cancelled)',
    );
  });

  it('says so when there was nothing to do', () => {
    expect(summaryLine(counts(), 3, null)).toBe('procctl: no tasks');
    expect(summaryLine(counts(), 3, 'cancelled')).toBe('procctl: no tasks (cancelled)');
  });
});

describe('plain progress', () => {
  it('says how far it is in one line', () => {
    const some = counts({ submitted: 45, succeeded: 10, failed: 2, running: 4, ready: 29 });
    expect(progressLine(view({ counts: some, etaMs: 11_400 }))).toBe(
      'procctl: 12/45 done, 2 failed, 4 running, ETA 12s',
    );
  });

  it('marks a total that may still grow, and gives no time then', () => {
    const some = counts({ submitted: 45, succeeded: 12, isInputOpen: true });
    expect(progressLine(view({ counts: some, etaMs: null }))).toBe('procctl: 12/45+ done');
  });

  it('says what waits, and for what', () => {
    const some = counts({ submitted: 9, ready: 1, running: 2, waiting: 6, waitingForNeeds: 5 });
    expect(progressLine(view({ counts: some, etaMs: null }))).toBe(
      'procctl: 0/9 done, 2 running, 5 waiting (needs), 1 waiting (retry)',
    );
  });
});

describe('why a task has not succeeded', () => {
  const task = { id: '3', name: 'gzip -9 x', attempts: 1 };

  it('is its exit code, its signal, or what kept it from running', () => {
    expect(failureLine({ ...task, end: 'failed', outcome: { kind: 'exited', exitCode: 2 } })).toBe(
      'procctl: task 3 (gzip -9 x): exit code 2',
    );
    expect(failureLine({ ...task, end: 'failed', outcome: { kind: 'signaled', signal: 'SIGSEGV' } })).toBe(
      'procctl: task 3 (gzip -9 x): ended by SIGSEGV',
    );
    const notFound = { kind: 'error', code: 'ENOENT', message: 'gzip: not found' } as const;
    expect(failureLine({ ...task, end: 'failed', outcome: notFound })).toBe(
      'procctl: task 3 (gzip -9 x): gzip: not found',
    );
  });

  it('is the limit it ran into, however it ended then', () => {
    const outcome = { kind: 'exited', exitCode: 0 } as const;
    expect(failureLine({ ...task, end: 'timedOut', outcome, timeoutMs: 2_000 })).toBe(
      'procctl: task 3 (gzip -9 x): timed out after 2s',
    );
    expect(failureLine({ ...task, end: 'timedOut', outcome, timeoutMs: 1_500, attempts: 2 })).toBe(
      'procctl: task 3 (gzip -9 x): timed out after 1.5s, after 2 attempts',
    );
  });

  it('is that it was cancelled or skipped', () => {
    expect(failureLine({ ...task, end: 'cancelled', outcome: { kind: 'signaled', signal: 'SIGTERM' } })).toBe(
      'procctl: task 3 (gzip -9 x): cancelled',
    );
    expect(failureLine({ ...task, end: 'cancelled', attempts: 0 })).toBe(
      'procctl: task 3 (gzip -9 x): cancelled before it started',
    );
    expect(failureLine({ ...task, end: 'skipped', attempts: 0 })).toBe(
      'procctl: task 3 (gzip -9 x): skipped, as a task it needs did not succeed',
    );
  });

  it('comes with the number of attempts when there was more than one', () => {
    expect(failureLine({ ...task, end: 'failed', outcome: { kind: 'exited', exitCode: 2 }, attempts: 3 })).toBe(
      'procctl: task 3 (gzip -9 x): exit code 2 after 3 attempts',
    );
    const outcome = { kind: 'error', code: 'ENOSPC', message: 'no space left on device' } as const;
    expect(failureLine({ ...task, end: 'failed', outcome, attempts: 2 })).toBe(
      'procctl: task 3 (gzip -9 x): no space left on device, after 2 attempts',
    );
  });

  it('is one printable line of bearable length, whatever the task is called', () => {
    const outcome = { kind: 'error', code: 'E', message: 'no\nway' } as const;
    expect(failureLine({ id: 'a\x1b', name: 'sh\n\u202e', end: 'failed', outcome, attempts: 1 })).toBe(
      'procctl: task a\\u001b (sh\\n\\u202e): no\\nway',
    );
    expect(failureLine({ id: '3', name: '😀'.repeat(999), end: 'failed', outcome, attempts: 1 })).toBe(
      `procctl: task 3 (${'😀'.repeat(199)}…): no\\nway`,
    );
    expect(failureLine({ id: 'lint', name: 'lint', end: 'failed', outcome, attempts: 1 })).toBe(
      'procctl: task lint: no\\nway',
    );
  });
});

it('says that a task is tried again, when, and how often still', () => {
  const task = { id: '3', name: 'curl x', timedOut: false, attempt: 1, maxAttempts: 3, delayMs: 0 };
  const outcome = { kind: 'exited', exitCode: 1 } as const;
  expect(retryLine({ ...task, outcome })).toBe('procctl: task 3 (curl x): exit code 1, trying again (attempt 2 of 3)');
  expect(retryLine({ ...task, outcome, attempt: 2, delayMs: 2_000, timedOut: true, timeoutMs: 30_000 })).toBe(
    'procctl: task 3 (curl x): timed out after 30s, trying again in 2s (attempt 3 of 3)',
  );
});
