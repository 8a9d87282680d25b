import { describe, expect, it } from 'vitest';
import { MAX_HISTORY } from '../../src/core/process/life.ts';
import { bySignal, runningLife, TalkingLife, UNKNOWN, withCode } from './process-helpers.ts';

describe('a start', () => {
  it('is ordered, and runs once the pid is known', () => {
    const life = new TalkingLife();
    expect(life.start()).toEqual(['launch 1']);
    expect(life.life).toMatchObject({ state: { tag: 'ready', run: 1 }, wanted: 'up', run: 1 });
    expect(life.started()).toEqual([]);
    expect(life.life.state).toMatchObject({ tag: 'running', run: 1, main: { pid: 1001 } });
  });

  it.each(['ready', 'running'] as const)('is nothing new for a process that is %s', (tag) => {
    const life = new TalkingLife();
    life.start();
    if (tag === 'running') life.started();
    const before = life.life;
    expect(life.start()).toEqual([]);
    expect(life.life).toEqual(before);
  });

  it('by hand does not wait for the back-off, and begins to count anew', () => {
    const life = new TalkingLife();
    life.start();
    life.fails();
    life.fails();
    expect(life.life).toMatchObject({ state: { tag: 'waiting' }, restarts: 1, streak: 1 });
    expect(life.start()).toEqual(['launch 3']);
    expect(life.life).toMatchObject({ restarts: 0, streak: 0, recent: [] });
    expect(life.due(2)).toEqual([]);
  });

  it('that cannot be made is tried again as the policy says, without an end in the history', () => {
    const life = new TalkingLife();
    life.start();
    expect(life.startFailed()).toEqual(['note restarting 0 1', 'launch 2']);
    expect(life.startFailed()).toEqual(['note restarting 1000 2', 'wake 2 1000']);
    expect(life.life.history).toEqual([]);
  });

  it('that cannot be made fails with its reason when nothing is to be restarted', () => {
    const life = new TalkingLife({ restart: 'no' });
    life.start();
    expect(life.startFailed()).toEqual(['note failed no room']);
    expect(life.life.state).toEqual({ tag: 'failed', why: 'no room' });
  });

  it('counts as made when the end is the first that is heard of it', () => {
    const life = new TalkingLife({ restart: 'no' });
    life.start();
    expect(life.exited(withCode(3))).toEqual(['note exited 1', 'end 1 rest']);
    expect(life.cleared()).toEqual([]);
    expect(life.life).toMatchObject({ state: { tag: 'exited', endedBy: 'self' } });
    expect(life.life.history).toMatchObject([{ run: 1, pid: null, outcome: withCode(3), uptimeMs: null }]);
  });
});

describe('an end by itself', () => {
  it('is followed by nothing before what the run left behind is gone', () => {
    const life = runningLife({ restart: 'always' });
    expect(life.exited(withCode(0))).toEqual(['note exited 1', 'end 1 rest']);
    expect(life.tag).toBe('stopping');
    expect(life.cleared()).toEqual(['note restarting 0 1', 'launch 2']);
  });

  it.each([
    ['no', withCode(1), 'exited'],
    ['no', bySignal('SIGSEGV'), 'exited'],
    ['on-failure', withCode(0), 'exited'],
    ['on-failure', withCode(3), 'exited'],
    ['on-failure', withCode(1), 'ready'],
    ['on-failure', bySignal('SIGTERM'), 'ready'],
    ['on-failure', UNKNOWN, 'ready'],
    ['always', withCode(0), 'ready'],
    ['always', UNKNOWN, 'ready'],
  ] as const)('with restart "%s" and %j comes to %s', (restart, outcome, tag) => {
    const life = runningLife({ restart, okExitCodes: [0, 3] });
    life.exited(outcome);
    life.cleared();
    expect(life.tag).toBe(tag);
  });

  it('is kept with pid, time and uptime, and only the last runs are', () => {
    const life = runningLife({ restart: 'always', restartLimit: { max: null, withinMs: 1 } });
    life.nowMs = 250;
    life.exited(withCode(7));
    const startedAt = 1_700_000_000_000;
    expect(life.life.history).toEqual([
      { run: 1, pid: 1001, outcome: withCode(7), startedAt, exitedAt: startedAt + 250, uptimeMs: 250 },
    ]);
    life.cleared();
    for (let run = 2; run <= MAX_HISTORY + 5; run += 1) {
      life.fails();
      if (life.tag === 'waiting') life.due();
    }
    expect(life.life.history.map(({ run }) => run)).toEqual(
      Array.from({ length: MAX_HISTORY }, (_, index) => MAX_HISTORY + 5 - index),
    );
  });

  it('that nobody saw has no time and no uptime', () => {
    const life = runningLife({ restart: 'no' });
    life.nowMs = 5_000;
    life.exited(UNKNOWN);
    expect(life.life.history).toMatchObject([{ outcome: UNKNOWN, exitedAt: null, uptimeMs: null }]);
  });
});

describe('restarts', () => {
  it('come at the times that docs/spawn.md promises, and end after the fifth', () => {
    const life = new TalkingLife();
    life.start();
    const firstFailureMs = life.nowMs;
    const restarts: { delayMs: number; sinceMs: number }[] = [];
    while (life.tag !== 'failed') {
      life.fails();
      const { state } = life.life;
      if (state.tag === 'failed') break;
      const delayMs = state.tag === 'waiting' ? state.delayMs : 0;
      if (state.tag === 'waiting') {
        expect(state.dueMs).toBe(life.nowMs + delayMs);
        life.nowMs = state.dueMs;
        expect(life.due()).toEqual([`launch ${life.life.run}`]);
      }
      restarts.push({ delayMs, sinceMs: life.nowMs - firstFailureMs });
    }
    expect(restarts).toEqual([
      { delayMs: 0, sinceMs: 0 },
      { delayMs: 1_000, sinceMs: 1_000 },
      { delayMs: 2_000, sinceMs: 3_000 },
      { delayMs: 4_000, sinceMs: 7_000 },
      { delayMs: 8_000, sinceMs: 15_000 },
    ]);
    expect(life.life).toMatchObject({ state: { why: '5 restarts in 60s' }, wanted: 'up', run: 6, restarts: 5 });
    expect(life.life.history).toHaveLength(6);
  });

  it('are none at all with a limit of 0', () => {
    const life = runningLife({ restartLimit: { max: 0, withinMs: 1_500 } });
    life.exited();
    expect(life.cleared()).toEqual(['note failed 0 restarts in 1500ms']);
  });

  it('that are too old do not count for the limit', () => {
    const life = runningLife({ restartLimit: { max: 1, withinMs: 5_000 }, backoff: { minMs: 0, maxMs: 0 } });
    life.fails();
    life.nowMs += 5_001;
    life.fails();
    expect(life.tag).toBe('ready');
    life.nowMs += 5_000;
    expect(life.fails()).toContain('note failed 1 restart in 5s');
  });

  it('begin anew after a stable run: at once, and with a limit that is whole again', () => {
    const life = new TalkingLife({ restartLimit: { max: 2, withinMs: 600_000 } });
    life.start();
    life.fails();
    life.fails();
    expect(life.due()).toEqual(['launch 3']);
    expect(life.fails(10_000)).toContain('note restarting 0 3');
    expect(life.life).toMatchObject({ state: { tag: 'ready' }, restarts: 3, streak: 1 });
    expect(life.life.recent).toHaveLength(1);
  });

  it('do not begin anew after a run that was a millisecond too short', () => {
    const life = new TalkingLife({ restartLimit: { max: 2, withinMs: 600_000 } });
    life.start();
    life.fails();
    life.fails();
    life.due();
    expect(life.fails(9_999)).toContain('note failed 2 restarts in 600s');
  });
});

describe('a stop', () => {
  it('ends the run and all it started, and then rests', () => {
    const life = runningLife();
    expect(life.stop()).toEqual(['end 1 all']);
    expect(life.life).toMatchObject({ state: { tag: 'stopping' }, wanted: 'down' });
    life.exited(bySignal('SIGTERM'));
    expect(life.tag).toBe('stopping');
    expect(life.cleared()).toEqual([]);
    expect(life.life.state).toEqual({ tag: 'exited', endedBy: 'stop' });
  });

  it('rests as well when everything is gone before the end is reported', () => {
    const life = runningLife({ restart: 'always' });
    life.stop();
    expect(life.cleared()).toEqual([]);
    expect(life.tag).toBe('stopping');
    expect(life.exited(bySignal('SIGKILL'))).toEqual(['note exited 1']);
    expect(life.life.state).toEqual({ tag: 'exited', endedBy: 'stop' });
  });

  it('that comes just after the process ended by itself is the last word', () => {
    const life = runningLife({ restart: 'always' });
    life.exited(withCode(1));
    expect(life.stop()).toEqual([]);
    expect(life.cleared()).toEqual([]);
    expect(life.life).toMatchObject({ state: { tag: 'exited', endedBy: 'stop' }, wanted: 'down' });
  });

  it('that comes just before the process ends by itself is the last word', () => {
    const life = runningLife({ restart: 'always' });
    life.stop();
    life.exited(withCode(1));
    expect(life.cleared()).toEqual([]);
    expect(life.life).toMatchObject({ state: { tag: 'exited', endedBy: 'stop' }, wanted: 'down' });
  });

  it('before the pid is known waits for it, and ends the run then', () => {
    const life = new TalkingLife();
    life.start();
    expect(life.stop()).toEqual([]);
    expect(life.life.state).toMatchObject({ tag: 'stopping', main: null });
    expect(life.started()).toEqual(['end 1 all']);
    expect(life.life.state).toMatchObject({ tag: 'stopping', main: { pid: 1001 } });
    life.exited(bySignal('SIGTERM'));
    life.cleared();
    expect(life.life.state).toEqual({ tag: 'exited', endedBy: 'stop' });
  });

  it('before the pid is known ends what a run has left that was over sooner', () => {
    const life = new TalkingLife();
    life.start();
    life.stop();
    expect(life.exited(withCode(0))).toEqual(['note exited 1', 'end 1 rest']);
    expect(life.started()).toEqual([]);
    life.cleared();
    expect(life.life.state).toEqual({ tag: 'exited', endedBy: 'stop' });
  });

  it('of a start that then cannot be made rests at once', () => {
    const life = new TalkingLife({ restart: 'always' });
    life.start();
    life.stop();
    expect(life.startFailed()).toEqual([]);
    expect(life.life).toMatchObject({ state: { tag: 'exited', endedBy: 'stop' }, wanted: 'down' });
  });

  it('takes a process out of its back-off, and the alarm that was set does nothing', () => {
    const life = new TalkingLife();
    life.start();
    life.fails();
    life.fails();
    expect(life.tag).toBe('waiting');
    expect(life.stop()).toEqual([]);
    expect(life.life).toMatchObject({ state: { tag: 'exited', endedBy: 'stop' }, wanted: 'down' });
    expect(life.due()).toEqual([]);
    expect(life.tag).toBe('exited');
  });

  it('that comes just after the alarm stops the new run', () => {
    const life = new TalkingLife();
    life.start();
    life.fails();
    life.fails();
    life.due();
    life.stop();
    expect(life.startFailed()).toEqual([]);
    expect(life.tag).toBe('exited');
  });

  it('takes a failed process to rest, and one that has ended by itself is down from then on', () => {
    const failed = new TalkingLife({ restart: 'no' });
    failed.start();
    failed.startFailed();
    failed.stop();
    expect(failed.life).toMatchObject({ state: { tag: 'exited', endedBy: 'stop' }, wanted: 'down' });
    const ended = runningLife({ restart: 'no' });
    ended.exited();
    ended.cleared();
    ended.stop();
    expect(ended.life).toMatchObject({ state: { tag: 'exited', endedBy: 'self' }, wanted: 'down' });
  });
});

describe('a restart', () => {
  it('starts the next run only once the old one is gone, in whatever order that is learnt', () => {
    for (const order of ['exited first', 'cleared first']) {
      const life = runningLife({ restart: 'no' });
      expect(life.restart()).toEqual(['end 1 all']);
      const first = order === 'exited first' ? life.exited(withCode(0)) : life.cleared();
      expect(first.join()).not.toContain('launch');
      const second = order === 'exited first' ? life.cleared() : life.exited(withCode(0));
      expect(second.at(-1)).toBe('launch 2');
      expect(life.life).toMatchObject({ state: { tag: 'ready', run: 2 }, wanted: 'up' });
    }
  });

  it('that comes just after the process ended by itself still starts it, whatever the policy says', () => {
    const life = runningLife({ restart: 'no' });
    life.exited(withCode(0));
    expect(life.restart()).toEqual([]);
    expect(life.cleared()).toEqual(['launch 2']);
    expect(life.life).toMatchObject({ restarts: 0 });
  });

  it('before the pid is known ends that run first, and then makes one new run', () => {
    const life = new TalkingLife();
    life.start();
    expect(life.restart()).toEqual([]);
    expect(life.started()).toEqual(['end 1 all']);
    life.exited();
    expect(life.cleared()).toEqual(['launch 2']);
  });

  it('of a start that cannot be made starts anew', () => {
    const life = new TalkingLife();
    life.start();
    life.restart();
    expect(life.startFailed()).toEqual(['launch 2']);
  });

  it('takes the place of a stop under way, and a stop takes the place of a restart', () => {
    const up = runningLife();
    up.stop();
    expect(up.restart()).toEqual([]);
    up.exited();
    expect(up.cleared()).toEqual(['launch 2']);
    expect(up.life.wanted).toBe('up');
    const down = runningLife();
    down.restart();
    expect(down.stop()).toEqual([]);
    down.exited();
    expect(down.cleared()).toEqual([]);
    expect(down.life).toMatchObject({ state: { tag: 'exited', endedBy: 'stop' }, wanted: 'down' });
  });

  it.each(['waiting', 'failed', 'exited'] as const)('of a process that is %s is a start by hand', (tag) => {
    const life = new TalkingLife(tag === 'waiting' ? {} : { restart: 'no' });
    life.start();
    if (tag === 'failed') life.startFailed();
    else life.fails();
    if (tag === 'waiting') life.fails();
    expect(life.tag).toBe(tag);
    const run = life.life.run + 1;
    expect(life.restart()).toEqual([`launch ${run}`]);
    expect(life.life).toMatchObject({ restarts: 0, streak: 0, recent: [], wanted: 'up' });
  });
});

describe('a start while the process is being stopped', () => {
  it('comes once everything is gone, and not before', () => {
    const life = runningLife();
    life.stop();
    expect(life.start()).toEqual([]);
    expect(life.life.wanted).toBe('up');
    expect(life.exited()).toEqual(['note exited 1']);
    expect(life.cleared()).toEqual(['launch 2']);
  });

  it('is undone by another stop', () => {
    const life = runningLife();
    life.stop();
    life.start();
    life.stop();
    life.exited();
    expect(life.cleared()).toEqual([]);
    expect(life.life.wanted).toBe('down');
  });
});

describe('the end of the daemon', () => {
  it('leaves a process wanted that was up, and says what ended it', () => {
    const life = runningLife();
    expect(life.shutdown()).toEqual(['end 1 all']);
    life.exited(bySignal('SIGTERM'));
    life.cleared();
    expect(life.life).toMatchObject({ state: { tag: 'exited', endedBy: 'shutdown' }, wanted: 'up' });
  });

  it('ends a back-off, and the process stays wanted', () => {
    const life = new TalkingLife();
    life.start();
    life.fails();
    life.fails();
    life.shutdown();
    expect(life.life).toMatchObject({ state: { tag: 'exited', endedBy: 'shutdown' }, wanted: 'up' });
  });

  it('takes the place of a restart under way', () => {
    const life = runningLife();
    life.restart();
    life.shutdown();
    life.exited();
    expect(life.cleared()).toEqual([]);
    expect(life.life).toMatchObject({ state: { tag: 'exited', endedBy: 'shutdown' }, wanted: 'up' });
  });

  it('changes nothing for those at rest', () => {
    const failed = new TalkingLife({ restart: 'no' });
    failed.start();
    failed.startFailed();
    const ended = runningLife({ restart: 'no' });
    ended.fails();
    for (const life of [failed, ended, new TalkingLife()]) {
      const before = life.life;
      expect(life.shutdown()).toEqual([]);
      expect(life.life).toEqual(before);
    }
  });

  it('does not take over a stop by hand that is under way', () => {
    const life = runningLife();
    life.stop();
    life.shutdown();
    life.exited(bySignal('SIGTERM'));
    life.cleared();
    expect(life.life).toMatchObject({ state: { tag: 'exited', endedBy: 'stop' }, wanted: 'down' });
  });

  it.each(['while it ends the process', 'after it has ended the process'])('gives way to a stop by hand %s', (when) => {
    const life = runningLife();
    life.shutdown();
    if (when.startsWith('while')) life.stop();
    life.exited(bySignal('SIGTERM'));
    life.cleared();
    if (when.startsWith('after')) life.stop();
    expect(life.life).toMatchObject({ state: { tag: 'exited', endedBy: 'stop' }, wanted: 'down' });
  });
});

describe('a late word of an earlier run', () => {
  it.each(['started', 'startFailed', 'exited', 'cleared', 'due'] as const)('%s changes nothing', (word) => {
    const ready = runningLife({ restart: 'always', restartLimit: { max: null, withinMs: 1 } });
    ready.fails();
    const running = runningLife();
    running.fails();
    running.started();
    const stopping = runningLife();
    stopping.fails();
    stopping.started();
    stopping.stop();
    const waiting = runningLife();
    waiting.fails();
    waiting.fails();
    const states = [ready, running, stopping, waiting];
    expect(states.map(({ tag }) => tag)).toEqual(['ready', 'running', 'stopping', 'waiting']);
    for (const life of states) {
      const before = life.life;
      const effects = word === 'exited' ? life.exited(withCode(9), 1) : life[word](1);
      expect({ effects, life: life.life }).toEqual({ effects: [], life: before });
    }
  });

  it('that the start failed changes nothing once the run has been seen to end', () => {
    const life = new TalkingLife({ restart: 'no' });
    life.start();
    life.exited(UNKNOWN);
    const before = life.life;
    expect(life.startFailed()).toEqual([]);
    expect(life.life).toEqual(before);
    expect(life.cleared()).toEqual([]);
    expect(life.life.state).toEqual({ tag: 'exited', endedBy: 'self' });
  });
});

describe('a pause', () => {
  it('stops a run where it stands, and a resume has it go on; the second of either changes nothing', () => {
    const life = runningLife();
    expect(life.pause()).toEqual(['freeze 1', 'note paused']);
    expect(life.life).toMatchObject({ state: { tag: 'running', isPaused: true }, wanted: 'up' });
    const paused = life.life;
    expect(life.pause()).toEqual([]);
    expect(life.start()).toEqual([]);
    expect(life.life).toEqual(paused);
    expect(life.resume()).toEqual(['thaw 1', 'note resumed']);
    const resumed = life.life;
    expect(life.resume()).toEqual([]);
    expect(life.life).toEqual(resumed);
    expect(life.life.state).toMatchObject({ tag: 'running', isPaused: false });
  });

  it('is no obstacle to a stop or a restart', () => {
    for (const ask of ['stop', 'restart', 'shutdown'] as const) {
      const life = runningLife();
      life.pause();
      expect(life[ask]()).toEqual(['end 1 all']);
      expect(life.resume()).toEqual([]);
    }
  });

  it('is over when the run ends, which is dealt with as any end', () => {
    const life = runningLife();
    life.pause();
    expect([...life.exited(bySignal('SIGKILL')), ...life.cleared()]).toEqual([
      'note exited 1',
      'end 1 rest',
      'note restarting 0 1',
      'launch 2',
    ]);
    life.started();
    expect(life.life.state).toMatchObject({ tag: 'running', run: 2, isPaused: false });
  });

  it('holds a restart that is waited for, also beyond its time; what is left of the delay is waited for after it', () => {
    const life = runningLife();
    life.fails();
    life.fails();
    expect(life.tag).toBe('waiting');
    expect(life.pause()).toEqual(['note paused']);
    life.nowMs += 400;
    expect(life.resume()).toEqual(['note resumed', 'wake 2 600']);
    life.pause();
    expect([life.due(), life.tag]).toEqual([[], 'waiting']);
    life.nowMs += 700;
    expect(life.resume()).toEqual(['note resumed', 'launch 3']);
    expect(life.life.restarts).toBe(2);
  });

  it('changes nothing of what has no run and waits for none', () => {
    const life = new TalkingLife();
    expect([life.pause(), life.resume(), life.tag]).toEqual([[], [], 'exited']);
    life.start();
    expect([life.pause(), life.resume(), life.tag]).toEqual([[], [], 'ready']);
  });
});
