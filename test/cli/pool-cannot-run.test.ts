import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type JsonRecord, RUNNERS, runByName, runTasks, scratch, writeScript } from '../helpers/procctl.ts';

describe.each(RUNNERS)('a task that --runner %s cannot run', (runner) => {
  const directory = scratch();
  let records: ReadonlyMap<string, JsonRecord>;

  beforeAll(async () => {
    writeScript(join(directory, 'plain-file'), 'echo no\n', 0o644);
    writeScript(join(directory, 'no-interpreter'), '#!/no/such/interpreter -x\n');
    writeScript(join(directory, 'locked'), '#!/bin/sh\n', 0o000);
    const huge = 'x'.repeat(200_000);
    const tasks = [
      { name: 'missing', command: ['no-such-program'] },
      { name: 'missing path', command: ['./no/such/program'] },
      { name: 'missing below a file', command: ['./plain-file/x'] },
      { name: 'not executable', command: ['./plain-file'] },
      { name: 'directory', command: ['/tmp'] },
      { name: 'missing cwd', command: ['true'], cwd: 'no/such' },
      { name: 'missing cwd of a line', command: 'true', cwd: 'no/such' },
      { name: 'cwd a file', command: ['true'], cwd: 'plain-file' },
      { name: 'NUL in an argument', command: ['echo', 'a\0b'] },
      { name: 'NUL in a line', command: 'echo a\0b' },
      { name: 'NUL in cwd', command: ['true'], cwd: 'a\0b' },
      { name: 'NUL in env', command: ['true'], env: { A: '\0' } },
      { name: 'missing interpreter', command: ['./no-interpreter'] },
      { name: 'huge argument', command: ['echo', huge] },
      { name: 'huge line', command: `: ${huge}` },
      { name: 'huge variable', command: ['true'], env: { A: huge } },
      { name: 'too much in all', command: ['true', ...Array.from({ length: 60 }, () => 'x'.repeat(100_000))] },
      { name: 'fine', command: ['echo', 'fine'] },
    ];
    records = await runByName(runner, tasks, directory);
  });

  it.each([
    ['missing', 'ERR_NOT_FOUND', /no-such-program/],
    ['missing path', 'ERR_NOT_FOUND', /no\/such\/program/],
    ['missing below a file', 'ERR_NOT_FOUND', /plain-file\/x/],
    ['not executable', 'ERR_NOT_EXECUTABLE', /plain-file.*(not executable|permission)/],
    ['directory', 'ERR_NOT_EXECUTABLE', /directory/],
    ['missing cwd', 'ERR_CWD', /no\/such: no such directory/],
    ['missing cwd of a line', 'ERR_CWD', /no\/such: no such directory/],
    ['cwd a file', 'ERR_CWD', /plain-file: not a directory/],
    ['NUL in an argument', 'ERR_NUL_BYTE', /command\[1\].*NUL/],
    ['NUL in a line', 'ERR_NUL_BYTE', /NUL/],
    ['NUL in cwd', 'ERR_NUL_BYTE', /cwd.*NUL/],
    ['NUL in env', 'ERR_NUL_BYTE', /env.*NUL/],
    ['missing interpreter', 'ERR_NOT_EXECUTABLE', /interpreter/],
    ['huge argument', 'ERR_ARGUMENT_TOO_LONG', /too long/],
    ['huge line', 'ERR_ARGUMENT_TOO_LONG', /too long/],
    ['huge variable', 'ERR_ARGUMENT_TOO_LONG', /too long/],
    ['too much in all', 'ERR_ARGUMENT_TOO_LONG', /too long/],
  ])('fails alone, with its own reason: %s', (name, code, message) => {
    const record = records.get(name);
    expect(record).toMatchObject({ state: 'failed', exitCode: null, signal: null, attempts: 1, error: { code } });
    expect(record?.error?.message).toMatch(message);
    expect(record?.error?.message).not.toMatch(/\n/);
  });

  it('leaves the others alone', () => {
    expect(records.get('fine')).toMatchObject({ state: 'succeeded', stdout: 'fine\n' });
  });

  it('is told apart when its program was there for an earlier one', async () => {
    const there = scratch();
    writeScript(join(there, 'tool'), '#!/bin/sh\necho ran\n');
    const tasks = [
      { name: 'before', command: ['./tool'] },
      { name: 'remove', command: ['rm', 'tool'] },
      { name: 'after', command: ['./tool'] },
      { name: 'other', command: ['echo', 'fine'] },
    ];
    const { records: one } = await runTasks(tasks, { args: ['--runner', runner, '--size', '1'], cwd: there });
    expect(one).toMatchObject([
      { state: 'succeeded', stdout: 'ran\n' },
      { state: 'succeeded' },
      { state: 'failed', exitCode: null, error: { code: 'ERR_NOT_FOUND', message: './tool: no such file' } },
      { state: 'succeeded', stdout: 'fine\n' },
    ]);
  });
});
