import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  expectNothingLeft,
  RUNNERS,
  type RunningProcctl,
  recordsOf,
  scratch,
  startProcctl,
  waitFor,
  writeScript,
} from '../helpers/procctl.ts';

const stateOf = (pid: number): string => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
  } catch {
    return '';
  }
};

/** Processes of a pool that are not stopped; its guard always goes on. */
const moving = (procctl: RunningProcctl): string[] =>
  [...procctl.family(), { pid: procctl.pid, command: 'procctl' }]
    .filter(({ pid, command }) => !command.includes('procctl-guard') && !'TZ'.includes(stateOf(pid) || 'Z'))
    .map(({ command }) => command);

const begin = (tasks: readonly unknown[], ...args: string[]) =>
  startProcctl(['pool', '--json', '--size', '4', ...args, '-'], { input: JSON.stringify(tasks) });

/** A task that makes a file grow until it finds another one. */
const growing = (file: string): string => `until [ -e ${file}.go ]; do echo >>${file}; sleep 0.01; done`;

const pause = async (procctl: RunningProcctl): Promise<void> => {
  procctl.signal('SIGTSTP');
  await waitFor(() => moving(procctl).length === 0, 'the pause');
};

describe.concurrent.each(RUNNERS)('a pool that gets SIGTSTP, with --runner %s,', (runner) => {
  it('stops with all that its tasks have started, and goes on with SIGCONT', async () => {
    const directory = scratch();
    const file = join(directory, 'a');
    const tasks = [
      growing(file),
      ['sh', '-c', `(sh -c '${growing(`${file}2`)}'; :); : 130`],
      `(setsid sh -c '${growing(`${file}3`)}' &)`,
    ];
    const procctl = begin(tasks, '--runner', runner);
    await waitFor(() => ['a', 'a2', 'a3'].every((name) => existsSync(join(directory, name))), 'the tasks');
    await pause(procctl);
    const sizes = () => ['a', 'a2', 'a3'].map((name) => statSync(join(directory, name)).size);
    const before = sizes();
    await sleep(100);
    expect(sizes()).toEqual(before);
    procctl.signal('SIGCONT');
    await waitFor(() => sizes().every((size, index) => size > (before[index] as number)), 'all to go on');
    for (const name of ['a', 'a2', 'a3']) writeFileSync(join(directory, `${name}.go`), '');
    const ended = await procctl.ended;
    expect(recordsOf(ended.stdout).map(({ state }) => state)).toEqual(Array(3).fill('succeeded'));
    expectNothingLeft(ended);
  });

  it('counts the pause neither for limits nor as time that a task took', async () => {
    const file = join(scratch(), 'a');
    const procctl = begin([growing(file)], '--timeout', '3s', '--runner', runner);
    await waitFor(() => existsSync(file), 'the task');
    await pause(procctl);
    await sleep(3_500);
    procctl.signal('SIGCONT');
    await waitFor(() => moving(procctl).length > 1, 'the task to go on');
    writeFileSync(`${file}.go`, '');
    const ended = await procctl.ended;
    expect(recordsOf(ended.stdout)).toMatchObject([{ state: 'succeeded' }]);
    expect(recordsOf(ended.stdout)[0]?.durationMs).toBeLessThan(3_000);
    expectNothingLeft(ended);
  });

  it('ends as told by a SIGTERM that came in the pause', async () => {
    const directory = scratch();
    const line = `trap 'echo bye; exit 3' TERM; : >${directory}/a; while :; do sleep 0.02; done`;
    const procctl = begin([line], '--runner', runner);
    await waitFor(() => existsSync(`${directory}/a`), 'the task');
    await pause(procctl);
    procctl.signal('SIGTERM');
    procctl.signal('SIGCONT');
    const ended = await procctl.ended;
    expect(ended.code).toBe(143);
    expect(recordsOf(ended.stdout)).toMatchObject([{ state: 'cancelled', exitCode: 3, stdout: 'bye\n' }]);
    expectNothingLeft(ended);
  });

  it('leaves nothing behind when it is killed in the pause', async () => {
    const file = join(scratch(), 'a');
    const procctl = begin([growing(file)], '--runner', runner);
    await waitFor(() => existsSync(file), 'the task');
    await pause(procctl);
    procctl.signal('SIGKILL');
    await waitFor(() => procctl.family().length === 0 && readdirSync(procctl.tmp).length === 0, 'nothing left');
  });
});

describe.concurrent('a pool that is stopped', () => {
  it('stops functions too', async () => {
    const directory = scratch();
    const file = join(directory, 'a');
    writeScript(
      join(directory, 'grow.mjs'),
      `import { appendFileSync, existsSync } from 'node:fs';
       import { setTimeout as sleep } from 'node:timers/promises';
       export default async (file) => { while (!existsSync(file + '.go')) { appendFileSync(file, '.'); await sleep(5); } };`,
    );
    const procctl = begin([{ module: join(directory, 'grow.mjs'), args: [file] }]);
    await waitFor(() => existsSync(file), 'the function');
    await pause(procctl);
    procctl.signal('SIGCONT');
    const { size } = statSync(file);
    await waitFor(() => statSync(file).size > size, 'it to go on');
    writeFileSync(`${file}.go`, '');
    const ended = await procctl.ended;
    expect(recordsOf(ended.stdout)).toMatchObject([{ state: 'succeeded' }]);
    expectNothingLeft(ended);
  });

  it('by SIGSTOP from outside does not end its tasks for limits that have passed meanwhile', async () => {
    const file = join(scratch(), 'a');
    const procctl = begin([growing(file)], '--timeout', '3s');
    await waitFor(() => existsSync(file), 'the task');
    procctl.signal('SIGSTOP');
    await waitFor(() => stateOf(procctl.pid) === 'T', 'procctl to stand still');
    await sleep(4_000);
    procctl.signal('SIGCONT');
    await sleep(500);
    writeFileSync(`${file}.go`, '');
    const ended = await procctl.ended;
    expect(recordsOf(ended.stdout)).toMatchObject([{ state: 'succeeded' }]);
    expectNothingLeft(ended);
  });

  it('does not take the grace from tasks that are being ended', async () => {
    const file = join(scratch(), 'a');
    const line = `trap ': >${file}.term' TERM; : >${file}; until [ -e ${file}.go ]; do sleep 0.02; done; exit 0`;
    const procctl = begin([line], '--timeout', '200ms', '--stop-timeout', '3s');
    await waitFor(() => existsSync(`${file}.term`), 'the TERM');
    await pause(procctl);
    await sleep(3_500);
    procctl.signal('SIGCONT');
    await waitFor(() => moving(procctl).length > 1, 'the task to go on');
    writeFileSync(`${file}.go`, '');
    const ended = await procctl.ended;
    expect(recordsOf(ended.stdout)).toMatchObject([{ state: 'timedOut', exitCode: 0 }]);
    expectNothingLeft(ended);
  });
});

const hasScript = spawnSync('script', ['--version']).status === 0;

describe.skipIf(!hasScript)('a pool that is stopped on a terminal', () => {
  it('takes its table off the screen, and paints it again when it goes on', () => {
    const directory = scratch();
    writeFileSync(join(directory, 't.json'), JSON.stringify([`: >${directory}/a; sleep 1.5`]));
    const isStopped = `[ "$(cut -d' ' -f 3 /proc/$p/stat)" = T ]`;
    writeScript(
      join(directory, 'line.sh'),
      `stty cols 80 rows 24
       node bin/procctl.cjs pool ${directory}/t.json & p=$!
       until [ -e ${directory}/a ]; do sleep 0.05; done; sleep 0.3
       kill -TSTP $p; until ${isStopped}; do sleep 0.02; done
       echo STOPPED; sleep 0.2; kill -CONT $p; wait $p`,
    );
    const seen = spawnSync('script', ['-qc', `sh ${directory}/line.sh`, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm', NODE_EXTRA_CA_CERTS: '', PROCCTL_HOME: directory },
      stdio: ['ignore', 'pipe', 'pipe'],
    }).stdout.toString();
    const [before = '', after = ''] = seen.split('STOPPED');
    expect(before).toContain('SLOT');
    expect(before.slice(before.lastIndexOf('SLOT'))).toContain('\x1b[J\x1b[?25h');
    expect(after).toContain('\x1b[?25l');
    expect(after).toContain('SLOT');
    expect(after).toContain('1 task: 1 succeeded');
  });
});
