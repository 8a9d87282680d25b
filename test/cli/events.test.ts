import { describe, expect, it } from 'vitest';
import { TestHome } from '../helpers/home.ts';
import { RunningCommand } from '../helpers/running-command.ts';

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

describe.concurrent('procctl events', () => {
  it('tells of starts, exits, restarts, giving up, stops and removals, with their reasons', async () => {
    const home = new TestHome();
    await home.spawn('--name', 'job', '--backoff', '1ms', '--max-restarts', '1', 'sh', '-c', 'exit 7');
    await home.until('job', ({ state }) => state === 'failed', 'failed');
    const { pid } = await home.spawn('--name', 'web', 'sleep', '1000');
    await home.ok(['stop', 'web']);
    await home.ok(['rm', 'web']);
    const events = linesOf(await home.ok(['events', '--json'])).map((line) => JSON.parse(line));
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const job = { time, id: 1, name: 'job' };
    const exited = {
      ...job,
      event: 'exited',
      pid: expect.any(Number),
      exitCode: 7,
      signal: null,
      uptimeMs: expect.any(Number),
    };
    expect(events.filter(({ name }) => name === 'job')).toEqual([
      { ...job, event: 'spawned', command: "sh -c 'exit 7'" },
      { ...job, event: 'started', run: 1, pid: expect.any(Number) },
      { ...exited, run: 1 },
      { ...job, event: 'restarting', afterMs: 0, restarts: 1 },
      { ...job, event: 'started', run: 2, pid: expect.any(Number) },
      { ...exited, run: 2 },
      { ...job, event: 'failed', reason: '1 restart in 60s' },
    ]);
    const web = { time, id: 2, name: 'web' };
    expect(events.filter(({ name }) => name === 'web')).toEqual([
      { ...web, event: 'spawned', command: 'sleep 1000' },
      { ...web, event: 'started', run: 1, pid },
      { ...web, event: 'exited', run: 1, pid, exitCode: null, signal: 'SIGTERM', uptimeMs: expect.any(Number) },
      { ...web, event: 'stopped', by: 'stop', outcome: 'SIGTERM' },
      { ...web, event: 'removed' },
    ]);
    const times = events.map((event) => event.time as string);
    expect(times).toEqual([...times].sort());
    expect(linesOf(await home.ok(['events', '-n', '2', 'web']))).toEqual([
      expect.stringMatching(/Z {2}web {2}stopped {2}by=stop outcome=SIGTERM$/),
      expect.stringMatching(/Z {2}web {2}removed$/),
    ]);
    expect(linesOf(await home.ok(['events', '-n', '0']))).toEqual([]);
    expect(linesOf(await home.ok(['events', '2', '--json']))).toHaveLength(5);
  });

  it('goes on with -f, across daemons, and ends by a signal, or when nobody reads it', async () => {
    const home = new TestHome();
    await home.spawn('--name', 'web', 'sleep', '1000');
    const all = new RunningCommand(home, ['events', '-f']);
    const json = new RunningCommand(home, ['events', '-f', '--json', 'web', '-n', '0']);
    await all.says('web  started');
    await home.ok(['restart', 'web']);
    await all.says(/web {2}exited {2}\(SIGTERM\)[\s\S]*web {2}started/);
    await home.killDaemon();
    await home.ok(['daemon', 'start']);
    await home.ok(['stop', 'web']);
    await all.says('web  stopped');
    await json.says('"event":"stopped"');
    all.signal('SIGTERM');
    expect((await all.ended).status).toBe(143);
    json.closeReader();
    await home.ok(['start', 'web']);
    expect(await json.ended).toMatchObject({ status: 141, stderr: '' });
  });

  it('shows text of a process as text', async () => {
    const home = new TestHome();
    await home.spawn('--name', 'rude', 'sh', '-c', 'exec sleep 1000', '\u001b[2J\n\u009b');
    expect(await home.ok(['events'])).toMatch(/^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*$/);
  });
});
