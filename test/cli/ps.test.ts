import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ProcessView } from '../../src/protocol/process-view.ts';
import { TestHome } from '../helpers/home.ts';
import { RunningCommand } from '../helpers/running-command.ts';

const BUSY = 'while :; do :; done';
const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

describe.concurrent('procctl ps', () => {
  it('shows the states of the textbook, as the kernel sees them', async () => {
    const home = new TestHome();
    await home.spawn('--name', 'napper', 'sleep', '1000');
    await home.spawn('--name', 'frozen', 'sleep', '1000');
    await home.spawn('--name', 'busy', '--nice', '19', '--shell', BUSY);
    await home.spawn('--name', 'done', 'true');
    await home.spawn('--name', 'crashed', '--restart', 'no', '--shell', 'ulimit -c 0; kill -SEGV $$');
    await home.spawn('--name', 'held', '--backoff', '1h', 'false');
    await home.spawn('--name', 'given-up', '--max-restarts', '0', 'false');
    await home.spawn('--name', 'stopped', 'sleep', '1000');
    await home.ok(['signal', 'STOP', 'frozen']);
    await home.ok(['stop', 'stopped']);
    await home.until('napper', ({ reason }) => reason === 'sleep', 'asleep');
    await home.until('frozen', ({ reason }) => reason === 'stopped', 'frozen');
    await home.until('busy', ({ state }) => state === 'running' || state === 'ready', 'executing');
    await home.until('held', ({ reason }) => reason === 'backoff', 'held back');
    await home.until('given-up', ({ state }) => state === 'failed', 'failed');
    await home.until('crashed', ({ state }) => state === 'exited', 'exited');
    const table = await home.ok(['ps', '--no-headers', '--columns', 'name,alive,state,restarts,ended-by']);
    const cells = linesOf(table).map((line) => line.split(/ {2,}/));
    expect(cells).toEqual([
      ['napper', 'yes', 'waiting (sleep)', '0', '-'],
      ['frozen', 'yes', 'waiting (stopped)', '0', '-'],
      ['busy', 'yes', expect.stringMatching(/^(running|ready)$/), '0', '-'],
      ['done', 'no', 'exited (0)', '0', 'self'],
      ['crashed', 'no', 'exited (SIGSEGV)', '0', 'self'],
      ['held', 'no', expect.stringMatching(/^waiting \(backoff (1h00m|59m\d\ds)\)$/), '1', '-'],
      ['given-up', 'no', 'failed (0 restarts in 60s)', '0', '-'],
      ['stopped', 'no', 'exited (SIGTERM)', '0', 'stop'],
    ]);
    const busy = await home.until('busy', ({ cpuPercent }) => (cpuPercent ?? 0) > 1, 'uses a CPU');
    expect(busy.memoryBytes).toBeGreaterThan(10_000);
    const [wide] = JSON.parse(await home.ok(['ps', '--wide', '--json', 'busy'])) as [ProcessView];
    expect(wide.onCpuShare).toBeGreaterThan(0);
    expect((wide.onCpuShare ?? 0) + (wide.queuedShare ?? 0) + (wide.asleepShare ?? 0)).toBeCloseTo(1, 2);

    expect(await home.ok(['ps', '-q', '--filter', 'state=waiting'])).toBe('napper\nfrozen\nheld\n');
    expect(await home.ok(['ps', '-q', '--filter', 'state=waiting', '--filter', 'alive=no'])).toBe('held\n');
    expect(await home.ok(['ps', '-q', '--filter', 'state=exited (0)'])).toBe('done\n');
    expect(await home.ok(['ps', '-q', '--sort', '-name', 'napper', 'busy', '4'])).toBe('napper\ndone\nbusy\n');
    expect((await home.run(['ps', '--filter', 'state=asleep'])).code).toBe(2);
    expect((await home.run(['ps', '--columns', 'nmae'])).code).toBe(2);
  });

  it('prints plain rows in a pipe: a header, then a line for each process, however long', async () => {
    const home = new TestHome();
    expect(linesOf(await home.ok(['ps']))).toHaveLength(1);
    const long = join(home.work, 'x'.repeat(200), 'y'.repeat(200));
    mkdirSync(long, { recursive: true });
    const { pid } = await home.spawn(
      '--name',
      'wide-漢字',
      '--cwd',
      long,
      'sh',
      '-c',
      'exec sleep 1000',
      '\u001b[31m\n',
    );
    await home.until('1', ({ reason }) => reason === 'sleep', 'asleep');
    const table = await home.ok(['ps']);
    const [header, row, ...more] = linesOf(table);
    expect([header?.split(/ +/), more]).toEqual([
      ['ID', 'NAME', 'PID', 'ALIVE', 'STATE', 'CPU', 'MEM', 'UPTIME', 'RESTARTS'],
      [],
    ]);
    expect(row).toMatch(new RegExp(`^1 +wide-漢字 +${pid} +yes +waiting \\(sleep\\) +[\\d.]+% +[\\d.]+[KM] +\\S+ +0$`));
    const wide = await home.ok(['ps', '--wide']);
    expect(wide).toContain(long);
    for (const text of [table, wide]) expect(text).toMatch(/^[^\p{Cc}]*\n[^\p{Cc}]*\n$/u);
    const coloured = await home.ok(['ps', '--color', 'always']);
    expect(coloured).toContain('\u001b[');
    expect((await home.run(['ps', '--color', 'always', '-q'])).stdout).toBe('wide-漢字\n');
  });

  it('has every field of --json, with the right type', async () => {
    const home = new TestHome();
    const { pid } = await home.spawn('--name', 'web', '-i', '1', '--boot', '--restart', 'always', 'sleep', '1000');
    const view = await home.until('web-1', ({ reason }) => reason === 'sleep', 'asleep');
    expect(view).toEqual({
      ...{ id: 1, name: 'web-1', group: 'web', instance: 1, pid, alive: true, state: 'waiting', reason: 'sleep' },
      ...{ dueInMs: null, wanted: 'up', exitCode: null, signal: null, endedBy: null, restarts: 0, exitedAt: null },
      startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      uptimeMs: expect.any(Number),
      cpuPercent: expect.any(Number),
      memoryBytes: expect.any(Number),
      ...{ command: 'sleep 1000', cwd: home.work, restart: 'always', boot: true },
    });
    await home.ok(['stop', 'web']);
    expect(await home.view('web-1')).toEqual({
      ...view,
      ...{ pid: null, alive: false, state: 'exited', reason: 'SIGTERM', wanted: 'down', signal: 'SIGTERM' },
      ...{ endedBy: 'stop', exitedAt: expect.stringMatching(/Z$/) },
      ...{ uptimeMs: null, cpuPercent: null, memoryBytes: null },
    });
    const [wide] = JSON.parse(await home.ok(['ps', '--json', '--wide'])) as [ProcessView];
    expect(wide).toMatchObject({ onCpuShare: null, queuedShare: null, asleepShare: null, ports: [] });
  });

  it('shows the ports that the tree listens on', async () => {
    const home = new TestHome();
    const server =
      'require("net").createServer().listen(0, "127.0.0.1", function () { console.log(this.address().port) })';
    await home.spawn('--name', 'server', 'sh', '-c', '"$@"; true', 'sh', process.execPath, '-e', server);
    const [{ ports }] = await (async () => {
      for (;;) {
        const views = JSON.parse(await home.ok(['ps', '--json', '--wide'])) as [ProcessView];
        if ((views[0].ports ?? []).length > 0) return views;
      }
    })();
    expect(ports).toEqual([Number(await home.ok(['logs', 'server', '--stdout']))]);
  });

  it('looks again and again with --watch in a pipe, until TERM, or until nobody reads it', async () => {
    const home = new TestHome();
    await home.spawn('--name', 'napper', 'sleep', '1000');
    const watching = new RunningCommand(home, ['ps', '--watch', '100ms', '--columns', 'name,alive']);
    await watching.says(/^(NAME +ALIVE\nnapper +yes\n\n){2}/);
    await home.ok(['stop', 'napper']);
    await watching.says(/napper +no\n\n/);
    watching.signal('SIGTERM');
    const { status, stdout } = await watching.ended;
    expect(status).toBe(143);
    expect(stdout.toString()).toMatch(/^(NAME +ALIVE\nnapper +(yes|no)\n\n?)+$/);

    const json = new RunningCommand(home, ['ps', '--watch', '100ms', '--json']);
    await json.says(/\n.*\n/);
    json.closeReader();
    const ended = await json.ended;
    expect([ended.status, ended.stderr]).toEqual([141, '']);
    for (const line of linesOf(ended.stdout.toString()).slice(0, 2)) {
      expect(JSON.parse(line)).toEqual({
        at: expect.any(String),
        processes: [expect.objectContaining({ name: 'napper' })],
      });
    }
  });

  it('goes on watching when the daemon goes, and when the next one comes', async () => {
    const home = new TestHome();
    const { pid } = await home.spawn('--name', 'napper', 'sleep', '1000');
    const watching = new RunningCommand(home, ['ps', '--watch', '100ms', '--columns', 'pid,alive,state']);
    await watching.says('waiting (sleep)');
    await home.killDaemon();
    await home.ok(['ps']);
    const seen = watching.stdout.length;
    const count = (): number => watching.stdout.slice(seen).split(`${pid}  yes    waiting (sleep)`).length - 1;
    while (count() < 2) await home.ok(['ps']);
    expect((await home.daemon()).running).toBe(false);
    await home.ok(['daemon', 'start']);
    const after = count();
    while (count() < after + 2) await home.ok(['ps']);
    watching.signal('SIGINT');
    expect((await watching.ended).status).toBe(130);
    expect(watching.stdout).not.toMatch(/ no /);
  });
});

describe.concurrent('a reader that goes away', () => {
  it('is no trouble for any command that prints', async () => {
    const home = new TestHome();
    await home.spawn('-i', '40', '--name', 'many', 'sh', '-c', 'seq 2000; exec sleep 1000');
    const bin = new URL('../../bin/procctl.cjs', import.meta.url).pathname;
    for (const command of [
      'ps',
      'ps --json',
      'show all',
      'show --json all',
      'logs -n all',
      'events -n all',
      'ps --help',
    ]) {
      const line = `{ "$0" -- "$1" ${command}; echo "status $?" >&2; } | head -1 | wc -l`;
      const { status, stdout, stderr } = await new RunningCommand(home, [], {
        before: `exec sh -c '${line}' '${process.execPath}' '${bin}'`,
      }).ended;
      expect([command, status, stdout.toString().trim(), stderr]).toEqual([
        ...[command, 0, '1'],
        expect.stringMatching(/^status (0|141)\n$/),
      ]);
    }
  });
});
