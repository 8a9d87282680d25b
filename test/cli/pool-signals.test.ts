import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  expectNothingLeft,
  fixture,
  liveWithMark,
  RUNNERS,
  recordsOf,
  runTasks,
  scratch,
  startProcctl,
  statusOf,
  waitFor,
} from '../helpers/procctl.ts';

const begin = (tasks: readonly unknown[], ...args: string[]) =>
  startProcctl(['pool', ...args, '-'], { input: JSON.stringify(tasks) });

const allExist = (files: readonly string[]) => waitFor(() => files.every((file) => existsSync(file)), files.join(', '));

/** A task that says when it has begun, and then waits for TERM. */
const untilTerm = (file: string, onTerm: string): string =>
  `trap '${onTerm}' TERM; : >${file}; while :; do sleep 0.05; done`;

describe.concurrent.each(RUNNERS)('one signal, with --runner %s,', (runner) => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s starts nothing new, lets what runs end gracefully, and is told: exit %i', async (signal, code) => {
    const directory = scratch();
    const tasks = [
      untilTerm(`${directory}/a`, 'sleep 0.3; echo bye; exit 0'),
      ['sh', '-c', untilTerm(`${directory}/b`, 'echo ended; exit 4')],
      ...Array.from({ length: 20 }, (_, index) => `: >${directory}/later${index}`),
    ];
    const procctl = begin(tasks, '--size', '2', '--stop-timeout', '20s', '--runner', runner);
    await allExist([`${directory}/a`, `${directory}/b`]);
    procctl.signal(signal);
    const ended = await procctl.ended;
    expect([ended.code, ended.signal]).toEqual([code, null]);
    expect(readdirSync(directory).sort()).toEqual(['a', 'b']);
    expect(ended.stdout.toString().trim().split('\n').sort()).toEqual(['bye', 'ended']);
    expect(ended.stderr).toMatch(/^procctl: 22 tasks: 1 succeeded, 21 cancelled in \S+ \(cancelled\)$/m);
    expectNothingLeft(ended);
  });

  it('kills what has not ended when the grace has passed', async () => {
    const directory = scratch();
    const tasks = [untilTerm(`${directory}/a`, ''), ['sh', fixture('stubborn-family.sh'), `${directory}/b`]];
    const procctl = begin(tasks, '--size', '2', '--stop-timeout', '500ms', '--json', '--runner', runner);
    await allExist([`${directory}/a`, `${directory}/b`]);
    const signalledAt = performance.now();
    procctl.signal('SIGINT');
    const ended = await procctl.ended;
    const tookMs = performance.now() - signalledAt;
    expectNothingLeft(ended);
    expect(ended.code).toBe(130);
    expect(recordsOf(ended.stdout)).toMatchObject([
      { state: 'cancelled', signal: 'SIGKILL' },
      { state: 'cancelled', signal: 'SIGKILL' },
    ]);
    expect(tookMs).toBeGreaterThan(450);
    expect(tookMs).toBeLessThan(8_000);
  });

  it('does not try again what it has ended', async () => {
    const directory = scratch();
    const procctl = begin([`: >${directory}/try$PROCCTL_ATTEMPT; sleep 60`], '--retries', '5', '--runner', runner);
    await allExist([`${directory}/try1`]);
    procctl.signal('SIGTERM');
    expect((await procctl.ended).code).toBe(143);
    expect(readdirSync(directory)).toEqual(['try1']);
    expectNothingLeft(await procctl.ended);
  });
});

describe.concurrent.each(RUNNERS)('a second signal, with --runner %s,', (runner) => {
  it.each([
    ['SIGINT', 'SIGINT', 130],
    ['SIGTERM', 'SIGINT', 143],
    ['SIGINT', 'SIGTERM', 130],
  ] as const)('kills at once and leaves nothing: %s, then %s: exit %i', async (first, second, code) => {
    const directory = scratch();
    const tasks = [
      ['sh', fixture('stubborn-family.sh'), `${directory}/a`],
      untilTerm(`${directory}/b`, `: >${directory}/c`),
      'echo never',
    ];
    const procctl = begin(tasks, '--size', '2', '--stop-timeout', '60s', '--runner', runner);
    await allExist([`${directory}/a`, `${directory}/b`]);
    procctl.signal(first);
    await allExist([`${directory}/c`]);
    const signalledAt = performance.now();
    procctl.signal(second);
    const ended = await procctl.ended;
    expect(performance.now() - signalledAt).toBeLessThan(8_000);
    expect(statusOf(ended)).toBe(code);
    expect(ended.stdout.toString()).toBe('');
    expectNothingLeft(ended);
  });
});

describe.concurrent('a signal', () => {
  it('ends a pool that waits for its input', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const procctl = startProcctl(['pool', '--json', '-'], { isInputOpen: true });
      procctl.stdin.write('"echo a"\n');
      await waitFor(() => procctl.stdout.includes('\n'), 'the first task');
      procctl.signal(signal);
      expect((await procctl.ended).code).toBe(signal === 'SIGINT' ? 130 : 143);
      expectNothingLeft(await procctl.ended);
    }
  });

  it('twice ends a pool whose reader does not read', async () => {
    const directory = scratch();
    const tasks = Array.from({ length: 100 }, (_, index) => `head -c 1M /dev/zero; : >${directory}/${index}`);
    const procctl = startProcctl(['pool', '--size', '2', '-'], { input: JSON.stringify(tasks), isReaderAsleep: true });
    await waitFor(() => readdirSync(directory).length >= 2, 'more output than the pipe holds');
    procctl.signal('SIGINT');
    await sleep(200);
    expect(procctl.isRunning).toBe(true); // once: the reader may still want what there is
    const signalledAt = performance.now();
    procctl.signal('SIGINT');
    const ended = await procctl.ended;
    expect(performance.now() - signalledAt).toBeLessThan(5_000);
    expect(statusOf(ended)).toBe(130);
    expectNothingLeft(ended);
  });

  it('ends a task that has been frozen', async () => {
    const file = join(scratch(), 'a');
    const procctl = begin([`: >${file}; kill -STOP $$; sleep 60`, ['sleep', '3600']], '--stop-timeout', '300ms');
    await allExist([file]);
    await waitFor(() => procctl.family().some(({ command }) => command === 'sleep 3600'), 'the second task');
    for (const { pid, command } of procctl.family()) if (command === 'sleep 3600') process.kill(pid, 'SIGSTOP');
    procctl.signal('SIGINT');
    expect((await procctl.ended).code).toBe(130);
    expectNothingLeft(await procctl.ended);
  });

  it('ends a pool inside a pool inside a pool', async () => {
    const file = join(scratch(), 'a');
    const program = fileURLToPath(new URL('../../bin/procctl.cjs', import.meta.url));
    const inside = (task: unknown) => ({
      command: [process.execPath, program, 'pool', '-'],
      stdin: JSON.stringify([task]),
    });
    const tasks = [inside(inside(['sh', '-c', `: >${file}; exec sleep 3600`]))];
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      const procctl = begin(tasks, '--stop-timeout', '3s');
      await allExist([file]);
      procctl.signal(signal);
      const ended = await procctl.ended;
      expect([ended.code, ended.signal]).toEqual(signal === 'SIGINT' ? [130, null] : [null, 'SIGKILL']);
      await waitFor(() => procctl.family().length === 0 && readdirSync(procctl.tmp).length === 0, 'nothing left');
    }
  });
});

describe.concurrent.each(RUNNERS)('the sudden death of procctl, with --runner %s,', (runner) => {
  it('takes every task with it, whatever it does to stay, and leaves no file', async () => {
    const directory = scratch();
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => `${directory}/${name}`);
    const tasks = [
      ['sh', fixture('stubborn-family.sh'), a],
      `: >${b}; sleep 3600`,
      `setsid sh -c 'trap "" TERM HUP INT; : >${c}; while :; do sleep 3600; done' & wait`,
      { command: ['sh', '-c', `cat >/dev/null; kill -STOP $$ & : >${d}; exec sleep 3600`], stdin: 'x' },
    ];
    const procctl = begin(tasks, '--size', '4', '--stop-timeout', '300ms', '--runner', runner);
    await allExist([a, b, c, d] as string[]);
    expect(procctl.family().length).toBeGreaterThan(24);
    procctl.signal('SIGKILL');
    await procctl.ended;
    await waitFor(() => procctl.family().length === 0, 'the end of every process', 10_000);
    expect(readdirSync(procctl.tmp)).toEqual([]);
  });

  it('leaves no file when it comes while procctl waits for its input', async () => {
    for (const input of ['', '"echo a"\n']) {
      const procctl = startProcctl(['pool', '--runner', runner, '--json', '-'], { isInputOpen: true });
      procctl.stdin.write(input);
      await waitFor(() => input === '' || procctl.stdout.includes('\n'), 'the first task');
      procctl.signal('SIGKILL');
      await procctl.ended;
      await waitFor(() => procctl.family().length === 0, 'the end of every process', 10_000);
      await waitFor(() => readdirSync(procctl.tmp).length === 0, 'an empty TMPDIR', 2_000);
    }
  });

  it('lets tasks end gracefully', async () => {
    const directory = scratch();
    // Silent, for nobody would read what it says of its end (a shell says `Terminated`).
    const task = `exec >/dev/null 2>&1; ${untilTerm(`${directory}/a`, `: >${directory}/graceful; exit`)}`;
    const procctl = begin([task], '--runner', runner);
    await allExist([`${directory}/a`]);
    procctl.signal('SIGKILL');
    await allExist([`${directory}/graceful`]);
    await waitFor(() => procctl.family().length === 0 && readdirSync(procctl.tmp).length === 0, 'nothing left');
  });
});

describe.concurrent.each(RUNNERS)('a task with a stubborn family, with --runner %s,', (runner) => {
  it('leaves nothing one second after the grace of its timeout', async () => {
    const id = `stubborn-${randomBytes(8).toString('hex')}`;
    const file = join(scratch(), 'a');
    const tasks = [
      { id, command: ['sh', fixture('stubborn-family.sh'), file], timeout: '3s' },
      `until [ -e ${file}.go ]; do sleep 0.05; done`,
    ];
    const args = ['--size', '2', '--stop-timeout', '500ms', '--json', '--runner', runner];
    const procctl = begin(tasks, ...args);
    await allExist([file]);
    const begunAt = performance.now();
    expect(liveWithMark(`PROCCTL_TASK_ID=${id}`).length).toBeGreaterThan(21);
    await waitFor(() => liveWithMark(`PROCCTL_TASK_ID=${id}`).length === 0, 'the end of the family');
    expect(performance.now() - begunAt).toBeLessThan(3_000 + 500 + 1_000);
    expect(procctl.isRunning).toBe(true);
    writeFileSync(`${file}.go`, '');
    const ended = await procctl.ended;
    expect(recordsOf(ended.stdout)).toMatchObject([{ state: 'timedOut', signal: 'SIGKILL' }, { state: 'succeeded' }]);
    expectNothingLeft(ended);
  });

  it('takes only its own family with it, not what a task before it left in the same slot', async () => {
    const directory = scratch();
    const tasks = [
      `sh -c 'echo $$ >${directory}/pid; exec sleep 3600' & until [ -s ${directory}/pid ]; do sleep 0.01; done`,
      { command: 'sleep 3600 & sleep 3600', timeout: '200ms' },
      `kill -0 $(cat ${directory}/pid)`,
    ];
    const { records } = await runTasks(tasks, { args: ['--size', '1', '--runner', runner] });
    expect(records.map(({ state }) => state)).toEqual(['succeeded', 'timedOut', 'succeeded']);
  });

  it('is ended with members that have cleaned their environment', async () => {
    const mark = `36${randomBytes(4).readUInt32LE()}`;
    const task = `env -i sleep ${mark} & env -i setsid sleep ${mark} & sh -c 'env -i sh -c "sleep ${mark}; :"; :' & wait`;
    const { records } = await runTasks([task], { args: ['--timeout', '500ms', '--runner', runner] });
    expect(records[0]?.state).toBe('timedOut');
    expect(liveWithMark(mark)).toEqual([]);
  });
});

describe.concurrent.each(RUNNERS)('what successful tasks have left in the background, with --runner %s,', (runner) => {
  it('lives as long as the pool, and is then ended and named', async () => {
    const directory = scratch();
    const tasks = [
      `sh -c 'echo $$ >${directory}/pid; exec sleep 3600' & until [ -s ${directory}/pid ]; do sleep 0.01; done`,
      `(setsid sh -c ': >${directory}/runaway; exec sleep 3601' &); until [ -e ${directory}/runaway ]; do sleep 0.01; done`,
      'true',
      `kill -0 $(cat ${directory}/pid)`,
    ];
    const { records, code, stderr } = await runTasks(tasks, { args: ['--size', '1', '--runner', runner] });
    expect([code, records.every(({ state }) => state === 'succeeded')]).toEqual([0, true]);
    const pid = readFileSync(`${directory}/pid`, 'utf8').trim();
    expect(stderr).toMatch(new RegExp(`^procctl: ended what tasks had left running: .*\\b${pid} \\(sleep\\)`, 'm'));
    expect(stderr.match(/\(sleep\)/g)).toHaveLength(2);
  });

  it.each(['silent', 'talking'])('may end gracefully, and is killed after the grace: %s', async (kind) => {
    const directory = scratch();
    const [a, b, graceful] = ['a', 'b', 'graceful'].map((name) => `${directory}/${name}`);
    const quietly = kind === 'silent' ? 'exec >/dev/null 2>&1;' : '';
    const tasks = [
      `(${quietly} trap 'echo bye; echo bye >&2; : >${graceful}; exit' TERM; : >${a}; while :; do sleep 0.05; done) & until [ -e ${a} ]; do sleep 0.01; done`,
      `(${quietly} trap '' TERM; : >${b}; while :; do sleep 0.05; done) & until [ -e ${b} ]; do sleep 0.01; done`,
    ];
    const { code } = await runTasks(tasks, { args: ['--stop-timeout', '500ms', '--runner', runner] });
    expect([code, existsSync(graceful as string)]).toEqual([0, true]);
  });
});
