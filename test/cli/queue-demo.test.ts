import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isRunning } from '../helpers/library.ts';
import { waitFor } from '../helpers/procctl.ts';

const program = fileURLToPath(new URL('../../bin/procctl.cjs', import.meta.url));

const start = (...args: string[]) => {
  const child = spawn(process.execPath, [program, 'queue-demo', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].on('data', (chunk: Buffer) => {
      said[stream] += chunk.toString();
    });
  }
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, ...said }));
  });
  return { child, said, ended };
};
const run = (...args: string[]) => start(...args).ended;
const eventsOf = (stdout: string): Record<string, unknown>[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe.concurrent('procctl queue-demo', () => {
  it('shows every item put and got, that each arrived once, and that no process shares its variable', async () => {
    const { code, stdout, stderr } = await run('--items', '30', '--delay', '1ms');
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.trim().split('\n');
    const items = (verb: string): number[] =>
      lines
        .flatMap((line) => (line.includes(` ${verb} `) ? [Number(line.split(' ').at(-1))] : []))
        .sort((a, b) => a - b);
    const all = Array.from({ length: 30 }, (_, index) => index + 1);
    expect(items('put')).toEqual(all);
    expect(items('got')).toEqual(all);
    expect(lines.at(-2)).toBe('30 items: each has arrived exactly once');
    expect(lines.at(-1)).toMatch(
      /^the same global variable in each process: this one 0, producer-1 15, producer-2 15, consumer-1 \d+, consumer-2 \d+, consumer-3 \d+$/,
    );
    expect(
      new Set(lines.filter((line) => line.includes('started')).map((line) => /pid (\d+)/.exec(line)?.[1])).size,
    ).toBe(5);
  });

  it('has it all in --json, and processes of its own are gone at the end', async () => {
    const { code, stdout } = await run(
      '--json',
      '--producers',
      '3',
      '--consumers',
      '2',
      '--items',
      '200',
      '--capacity',
      '1',
      '--delay',
      '0',
    );
    const events = eventsOf(stdout);
    expect(code).toBe(0);
    expect(events.at(-1)).toMatchObject({
      event: 'proof',
      ok: true,
      items: 200,
      arrived: 200,
      missing: [],
      doubled: [],
      killed: null,
    });
    const { globals } = events.at(-1) as { globals: Record<string, number> };
    expect(globals).toMatchObject({ 'this one': 0, 'producer-1': 67, 'producer-2': 67, 'producer-3': 66 });
    expect((globals['consumer-1'] ?? 0) + (globals['consumer-2'] ?? 0)).toBe(200);
    const pids = events.filter(({ event }) => event === 'started').map(({ pid }) => pid as number);
    expect(pids).toHaveLength(5);
    expect(pids.filter(isRunning)).toEqual([]);
  });

  it('that kills a consumer loses what that had, says so and exits with 1', async () => {
    const { code, stdout } = await run('--json', '--kill-one', '--items', '40', '--delay', '100ms', '--capacity', '20');
    const events = eventsOf(stdout);
    const proof = events.at(-1) as { ok: boolean; missing: number[]; doubled: number[]; killed: string };
    expect(proof).toMatchObject({ doubled: [], killed: expect.stringMatching(/^consumer-/) });
    expect(proof.missing.length).toBeLessThanOrEqual(1);
    expect([code, proof.ok]).toEqual(proof.missing.length === 0 ? [0, true] : [1, false]);
    expect(events).toContainEqual({
      event: 'ended',
      name: proof.killed,
      pid: expect.any(Number),
      exitCode: null,
      signal: 'SIGKILL',
    });
  });

  it('that kills a consumer loses nothing with --delivery at-least-once', async () => {
    const { stdout } = await run(
      '--json',
      '--kill-one',
      '--items',
      '40',
      '--delay',
      '100ms',
      '--delivery',
      'at-least-once',
    );
    expect(eventsOf(stdout).at(-1)).toMatchObject({ arrived: 40, missing: [], delivery: 'at-least-once' });
  });

  it('ends with all its processes by Ctrl-C, by SIGKILL, and when nobody reads it', async () => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
      const { child, said, ended } = start('--items', '100000');
      await waitFor(() => said.stdout.includes(' got '), 'the first item');
      const pids = [...said.stdout.matchAll(/\(pid (\d+)\) started/g)].map(([, pid]) => Number(pid));
      child.kill(signal);
      expect((await ended).code).toBe({ SIGINT: 130, SIGTERM: 143, SIGKILL: null }[signal]);
      for (const pid of pids) await waitFor(() => !isRunning(pid), `${pid} is gone`);
    }
    const line = `${process.execPath} ${program} queue-demo --items 100000 | head -2; echo "\${PIPESTATUS[0]}"`;
    expect(spawnSync('bash', ['-c', line], { encoding: 'utf8' }).stdout.trim().split('\n').at(-1)).toBe('141');
  });

  it('refuses numbers out of range in one line, and runs nothing', async () => {
    for (const wrong of [
      ['--producers', '0'],
      ['--consumers', '65'],
      ['--items', 'many'],
      ['--capacity', '0'],
      ['--delay', 'soon'],
      ['--delivery', 'maybe'],
      ['extra'],
    ]) {
      const { code, stdout, stderr } = await run(...wrong);
      expect([wrong, code, stdout]).toEqual([wrong, 2, '']);
      expect(stderr).toMatch(/^procctl: [^\n]+\n$/);
    }
  });

  it('keeps a table on a terminal, and leaves the last one there', () => {
    const { stdout } = spawnSync(
      'script',
      ['-qec', `${process.execPath} ${program} queue-demo --items 40`, '/dev/null'],
      {
        encoding: 'utf8',
        env: { ...process.env, TERM: 'xterm-256color' },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    expect(stdout).toMatch(/PID +NAME +ROLE +ALIVE +STATE +ITEMS/);
    expect(stdout).toMatch(/queue \[#+\.*\] \d+ of 10/);
    expect(stdout).toContain('40 items: each has arrived exactly once');
    expect(stdout).toContain('\x1b[?25h');
  });
});
