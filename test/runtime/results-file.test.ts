import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import type { TaskRecord } from '../../src/protocol/task-record.ts';
import { SpillSpace } from '../../src/runtime/output/spill-buffer.ts';
import { resultsFile } from '../../src/runtime/results/results-file.ts';
import { scratch } from '../helpers/procctl.ts';

const syncs = vi.hoisted(() => ({ count: 0 }));

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const fsyncSync = (fd: number): void => {
    syncs.count += 1;
    fs.fsyncSync(fd);
  };
  return { ...fs, fsyncSync };
});

it('waits for the disk with tasks that have run, and not with those that were never started', () => {
  const path = join(scratch(), 'results.ndjson');
  const results = resultsFile('ndjson', path, { directory: '/', isResuming: false, isSynced: true, onLost: () => {} });
  const mode = results.mode(new SpillSpace(() => '/nowhere'));
  const settle = (seq: number, attempts: number): void => {
    const task = { seq, id: String(seq), name: 'a', command: { kind: 'shell', line: 'a' } } as const;
    const never = { exitCode: null, signal: null, error: null, startedAt: null, endedAt: null, durationMs: null };
    const record: TaskRecord = { seq, id: task.id, name: 'a', state: 'skipped', ...never, attempts, slot: null };
    mode.open(task).finish(record);
  };
  for (let seq = 1; seq <= 50; seq += 1) settle(seq, 0);
  expect(syncs.count).toBe(0);
  settle(51, 1);
  expect(syncs.count).toBe(1);
  results.close(true);
  expect(readFileSync(path, 'utf8').match(/\n/g)).toHaveLength(51);
});
