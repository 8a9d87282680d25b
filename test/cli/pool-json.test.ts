import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  bytesOf,
  expectNothingLeft,
  recordsOf,
  runProcctl,
  runTasks,
  scratch,
  startProcctl,
  waitFor,
} from '../helpers/procctl.ts';

const FIELDS = [
  'seq',
  'id',
  'name',
  'state',
  'exitCode',
  'signal',
  'error',
  'startedAt',
  'endedAt',
  'durationMs',
  'attempts',
  'slot',
  'stdout',
  'stderr',
];

describe.concurrent('--json', () => {
  it('has one line with the same fields for every task, however it ended', async () => {
    const tasks = [
      { id: 'good', name: 'a good one', command: 'echo out; echo err >&2' },
      { id: 7, command: ['sh', '-c', 'exit 3'] },
      { command: 'kill -9 $$' },
      { command: ['no-such-program'] },
      { command: 'sleep 60', timeout: '200ms' },
    ];
    const { records, code } = await runTasks(tasks, { args: ['--stop-timeout', '1s'] });
    expect(code).toBe(1);
    for (const record of records) expect(Object.keys(record)).toEqual(FIELDS);
    expect(records).toMatchObject([
      {
        seq: 1,
        id: 'good',
        name: 'a good one',
        state: 'succeeded',
        exitCode: 0,
        signal: null,
        error: null,
        attempts: 1,
        stdout: 'out\n',
        stderr: 'err\n',
      },
      {
        seq: 2,
        id: '7',
        name: `sh -c 'exit 3'`,
        state: 'failed',
        exitCode: 3,
        signal: null,
        error: null,
        attempts: 1,
        stdout: '',
        stderr: '',
      },
      {
        seq: 3,
        id: '3',
        name: 'kill -9 $$',
        state: 'failed',
        exitCode: null,
        signal: 'SIGKILL',
        error: null,
        attempts: 1,
      },
      {
        seq: 4,
        id: '4',
        name: 'no-such-program',
        state: 'failed',
        exitCode: null,
        signal: null,
        error: { code: 'ERR_NOT_FOUND', message: expect.any(String) },
        attempts: 1,
      },
      {
        seq: 5,
        id: '5',
        name: 'sleep 60',
        state: 'timedOut',
        exitCode: null,
        signal: 'SIGTERM',
        error: null,
        attempts: 1,
      },
    ]);
  });

  it('has times in ISO 8601, durations in ms, and slots from 1 to the size', async () => {
    const before = Date.now();
    const { records } = await runTasks(
      Array.from({ length: 12 }, () => 'sleep 0.05'),
      { args: ['--size', '3'] },
    );
    for (const { startedAt, endedAt, durationMs, slot } of records) {
      const [start, end] = [startedAt ?? '', endedAt ?? ''];
      expect(start).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(new Date(end).toISOString()).toBe(end);
      expect(Date.parse(start)).toBeGreaterThanOrEqual(before);
      expect(Date.parse(end) - Date.parse(start)).toBeGreaterThanOrEqual(45);
      expect(durationMs).toBeGreaterThanOrEqual(50);
      expect(Math.abs((durationMs ?? 0) - (Date.parse(end) - Date.parse(start)))).toBeLessThan(100);
      expect([1, 2, 3]).toContain(slot);
    }
    expect(new Set(records.map(({ slot }) => slot))).toEqual(new Set([1, 2, 3]));
  });

  it('is base64, and says so, when a task did not write UTF-8', async () => {
    const tasks = [
      [`printf`, '\\377\\000\\n'],
      'printf "caf\\351" >&2; echo text',
      `printf '\\303'; printf '\\251'`,
      `printf 'a\\0b\\1\\33\\177\\342\\200\\250'`,
      'printf "\\357\\273\\277bom"',
    ];
    const { records } = await runTasks(tasks);
    expect(records.map(({ encoding }) => encoding)).toEqual(['base64', 'base64', undefined, undefined, undefined]);
    expect(records.map((record) => bytesOf(record).toString('latin1'))).toEqual([
      '\xff\0\n',
      'text\n',
      '\xc3\xa9',
      'a\0b\x01\x1b\x7f\xe2\x80\xa8',
      '\xef\xbb\xbfbom',
    ]);
    expect(bytesOf(records[1] as never, 'stderr').toString('latin1')).toBe('caf\xe9');
  });

  it('tells text from bytes in output of any size, also where a character is cut by a buffer', async () => {
    const directory = scratch();
    const text = `x${'é漢😀'.repeat(120_000)}`;
    writeFileSync(join(directory, 'text'), text);
    writeFileSync(join(directory, 'cut'), Buffer.from(text).subarray(0, -1));
    const { records } = await runTasks(
      [
        ['cat', 'text'],
        ['cat', 'cut'],
      ],
      { cwd: directory },
    );
    expect(records[0]?.encoding).toBeUndefined();
    expect(records[0]?.stdout === text).toBe(true);
    expect(records[1]?.encoding).toBe('base64');
    expect(bytesOf(records[1] as never).equals(Buffer.from(text).subarray(0, -1))).toBe(true);
  });

  it('writes a line as soon as its task has ended', async () => {
    const go = join(scratch(), 'go');
    const tasks = [`until [ -e ${go} ]; do sleep 0.01; done`, 'echo first'];
    const procctl = startProcctl(['pool', '--json', '--size', '2', '-'], { input: JSON.stringify(tasks) });
    await waitFor(() => procctl.stdout.includes('\n'), 'the first line');
    expect(recordsOf(procctl.stdout)).toMatchObject([{ seq: 2, stdout: 'first\n' }]);
    writeFileSync(go, '');
    const ended = await procctl.ended;
    expect(recordsOf(ended.stdout).map(({ seq }) => seq)).toEqual([2, 1]);
    expectNothingLeft(ended);
  });

  it('comes in the order of the input with --keep-order', async () => {
    const tasks = Array.from({ length: 30 }, (_, index) => `sleep 0.0${(7 * index) % 10}`);
    const { stdout } = await runProcctl(['pool', '--json', '-k', '--size', '5', '-'], { input: JSON.stringify(tasks) });
    expect(recordsOf(stdout).map(({ seq }) => seq)).toEqual(tasks.map((_, index) => index + 1));
  });

  it('tells of the last of several tries, and of how many there were', async () => {
    const tasks = [
      { command: 'echo try $PROCCTL_ATTEMPT; [ $PROCCTL_ATTEMPT = 3 ]' },
      { command: 'echo try $PROCCTL_ATTEMPT; exit $PROCCTL_ATTEMPT', retries: 1 },
      { command: 'exit 4', retries: 0 },
    ];
    const { records, code } = await runTasks(tasks, { args: ['--retries', '4'] });
    expect(code).toBe(1);
    expect(records).toMatchObject([
      { state: 'succeeded', attempts: 3, exitCode: 0, stdout: 'try 3\n' },
      { state: 'failed', attempts: 2, exitCode: 2, stdout: 'try 2\n' },
      { state: 'failed', attempts: 1, exitCode: 4, stdout: '' },
    ]);
  });

  it('tells of tasks that were never started', async () => {
    const { records, code } = await runTasks(['exit 1', 'echo a', 'echo b'], {
      args: ['--size', '1', '--halt', 'now,fail=1'],
    });
    expect(code).toBe(1);
    const never = {
      state: 'cancelled',
      exitCode: null,
      signal: null,
      error: null,
      startedAt: null,
      endedAt: null,
      durationMs: null,
      attempts: 0,
      slot: null,
      stdout: '',
      stderr: '',
    };
    expect(records.slice(1)).toMatchObject([never, never]);
  });

  it('has null for output that is not kept', async () => {
    const { records } = await runTasks(['echo a'], { args: ['--output', 'none'] });
    expect(records).toMatchObject([{ state: 'succeeded', stdout: null, stderr: null }]);
  });

  it('is nothing for an empty list', async () => {
    const { records, code } = await runTasks([]);
    expect([records, code]).toEqual([[], 0]);
  });

  it('keeps what a task and its name hold of line ends and control characters inside its line', async () => {
    const { records } = await runTasks([{ id: 'a\nb', name: '\u001b[2J\n"', command: 'printf "\\033[2J\\n{}\\n"' }]);
    expect(records).toMatchObject([{ id: 'a\nb', name: '\u001b[2J\n"', stdout: '\u001b[2J\n{}\n' }]);
  });
});
