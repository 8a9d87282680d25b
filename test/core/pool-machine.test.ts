import { describe, expect, it } from 'vitest';
import { exited, killed, poolWith, TalkingPool, task, tasks } from './pool-helpers.ts';

describe('starting', () => {
  it('starts tasks in input order, each in the lowest free slot, as many as the size allows', () => {
    const pool = new TalkingPool({ size: 2 });
    expect(pool.submit(...tasks(1, 3))).toEqual(['start 1.1 in slot 1', 'start 2.1 in slot 2']);
    expect(pool.ended(2, exited(0))).toEqual(['settle 2 succeeded', 'start 3.1 in slot 2']);
  });

  it('takes slot 1 again when it is free, though higher ones are free too', () => {
    const pool = poolWith(3, { size: 3 });
    pool.ended(3, exited(0));
    pool.ended(1, exited(0));
    pool.ended(2, exited(0));
    expect(pool.submit(...tasks(4, 6))).toEqual(['start 4.1 in slot 1', 'start 5.1 in slot 2', 'start 6.1 in slot 3']);
  });

  it('lets running tasks finish when the size shrinks, and starts the next one within the new size', () => {
    const pool = poolWith(5, { size: 3 });
    expect(pool.resized(1)).toEqual([]);
    expect(pool.ended(1, exited(0))).toEqual(['settle 1 succeeded']);
    expect(pool.ended(2, exited(0))).toEqual(['settle 2 succeeded']);
    expect(pool.ended(3, exited(0))).toEqual(['settle 3 succeeded', 'start 4.1 in slot 1']);
  });

  it('starts more at once when the size grows', () => {
    const pool = poolWith(3, { size: 1 });
    expect(pool.resized(3)).toEqual(['start 2.1 in slot 2', 'start 3.1 in slot 3']);
  });

  it('keeps a size of at least 1', () => {
    const pool = poolWith(2, { size: 2 });
    pool.resized(0);
    expect(pool.submit(task(3))).toEqual([]);
    pool.ended(1, exited(0));
    expect(pool.ended(2, exited(0))).toEqual(['settle 2 succeeded', 'start 3.1 in slot 1']);
  });

  it('starts nothing while throttled, and goes on where it was afterwards', () => {
    const pool = poolWith(3, { size: 1 });
    expect(pool.throttled(true)).toEqual([]);
    expect(pool.ended(1, exited(0))).toEqual(['settle 1 succeeded']);
    expect(pool.throttled(false)).toEqual(['start 2.1 in slot 1']);
  });
});

describe('the end of an attempt', () => {
  it('counts exit 0 as success and everything else as failure', () => {
    const pool = poolWith(4, { size: 4 });
    expect(pool.ended(1, exited(0))).toEqual(['settle 1 succeeded']);
    expect(pool.ended(2, exited(7))).toEqual(['settle 2 failed']);
    expect(pool.ended(3, killed)).toEqual(['settle 3 failed']);
    expect(pool.ended(4, { kind: 'error', code: 'ENOENT', message: 'no such file' })).toEqual(['settle 4 failed']);
  });

  it('says in the settlement how the last attempt ended, where, and how many there were', () => {
    const pool = poolWith(1, { retries: 1 });
    pool.ended(1, killed);
    pool.retryDue(1);
    const effects = pool.machine.handle({ tag: 'ended', seq: 1, attempt: 2, outcome: exited(3) });
    expect(effects).toEqual([
      { tag: 'settle', task: task(1), settlement: { end: 'failed', outcome: exited(3), attempts: 2, slot: 1 } },
    ]);
  });

  it('ignores an end that speaks of a task that does not run, or of another attempt', () => {
    const pool = poolWith(3, { size: 1, retries: 1 });
    expect(pool.ended(2, exited(0))).toEqual([]);
    expect(pool.ended(9, exited(0))).toEqual([]);
    pool.ended(1, exited(1));
    pool.retryDue(1);
    pool.ended(2, exited(0));
    expect(pool.ended(1, exited(0), 1)).toEqual([]);
    expect(pool.ended(1, exited(0), 3)).toEqual([]);
    expect(pool.ended(1, exited(0), 2)).toEqual(['settle 1 succeeded', 'start 3.1 in slot 1']);
    expect(pool.ended(1, exited(0), 2)).toEqual([]);
  });
});

describe('a timeout', () => {
  it('asks for the end of the attempt, once', () => {
    const pool = poolWith(1);
    expect(pool.timeoutElapsed(1)).toEqual(['end 1.1 graceful']);
    expect(pool.timeoutElapsed(1)).toEqual([]);
  });

  it('ends the task as timedOut, even if it then exits with 0', () => {
    const pool = poolWith(2);
    pool.timeoutElapsed(1);
    pool.timeoutElapsed(2);
    expect(pool.ended(1, killed)).toEqual(['settle 1 timedOut']);
    expect(pool.ended(2, exited(0))).toEqual(['settle 2 timedOut']);
  });

  it('of an earlier attempt does not touch the present one', () => {
    const pool = poolWith(1, { retries: 1 });
    pool.ended(1, exited(1));
    pool.retryDue(1);
    expect(pool.timeoutElapsed(1, 1)).toEqual([]);
    expect(pool.ended(1, exited(0), 2)).toEqual(['settle 1 succeeded']);
  });

  it('that comes after the exit changes nothing', () => {
    const pool = poolWith(1);
    pool.ended(1, exited(0));
    expect(pool.timeoutElapsed(1)).toEqual([]);
    expect(pool.machine.counts).toMatchObject({ succeeded: 1, timedOut: 0 });
  });

  it('stays the cause when a cancel follows, and the cancel when a timeout follows', () => {
    const pool = poolWith(2);
    pool.timeoutElapsed(1);
    expect(pool.cancel('graceful')).toEqual(['end 2.1 graceful']);
    expect(pool.timeoutElapsed(2)).toEqual([]);
    expect(pool.ended(1, killed)).toEqual(['settle 1 timedOut']);
    expect(pool.ended(2, killed)).toEqual(['settle 2 cancelled']);
  });
});

describe('a retry', () => {
  it('gives the slot away meanwhile, then goes to the front of the queue', () => {
    const pool = poolWith(4, { size: 1, retries: 1 });
    expect(pool.ended(1, exited(1))).toEqual(['retry 1.1', 'start 2.1 in slot 1']);
    expect(pool.machine.counts).toMatchObject({ waiting: 1, running: 1, ready: 2 });
    expect(pool.retryDue(1)).toEqual([]);
    expect(pool.ended(2, exited(0))).toEqual(['settle 2 succeeded', 'start 1.2 in slot 1']);
    expect(pool.ended(1, exited(0), 2)).toEqual(['settle 1 succeeded', 'start 3.1 in slot 1']);
  });

  it('tells the failed attempt, its outcome, and whether it was a timeout', () => {
    const pool = poolWith(2, { retries: 1 });
    expect(pool.machine.handle({ tag: 'ended', seq: 1, attempt: 1, outcome: killed })).toEqual([
      { tag: 'retry', task: task(1), attempt: 1, outcome: killed, delayMs: 0, timedOut: false, displaced: 0 },
    ]);
    pool.timeoutElapsed(2);
    expect(pool.ended(2, killed)).toEqual(['retry 2.1 after its timeout']);
  });

  it('happens as often as the task says, or else the pool', () => {
    const pool = new TalkingPool({ size: 3, retries: 1 });
    pool.submit(task(1, 0), task(2), task(3, 2));
    expect(pool.ended(1, exited(1))).toEqual(['settle 1 failed']);
    for (const seq of [2, 3]) {
      expect(pool.ended(seq, exited(1))).toEqual([`retry ${seq}.1`]);
      pool.retryDue(seq);
    }
    expect(pool.ended(2, exited(1), 2)).toEqual(['settle 2 failed']);
    expect(pool.ended(3, exited(1), 2)).toEqual(['retry 3.2']);
    pool.retryDue(3, 2);
    expect(pool.ended(3, exited(1), 3)).toEqual(['settle 3 failed']);
  });

  it('starts once, however often it is said to be due', () => {
    const pool = poolWith(1, { retries: 2 });
    pool.ended(1, exited(1));
    expect(pool.retryDue(1)).toEqual(['start 1.2 in slot 1']);
    expect(pool.retryDue(1)).toEqual([]);
    pool.ended(1, exited(1), 2);
    expect(pool.retryDue(1, 1)).toEqual([]);
    expect(pool.retryDue(1, 2)).toEqual(['start 1.3 in slot 1']);
  });

  it('is not waited for when the pool halts: the task settles as its last attempt ended', () => {
    const pool = poolWith(3, { size: 3, retries: 1 });
    pool.timeoutElapsed(2);
    pool.ended(1, exited(4));
    pool.ended(2, killed);
    expect(pool.cancel('graceful')).toEqual(['end 3.1 graceful', 'settle 1 failed', 'settle 2 timedOut']);
    expect(pool.retryDue(1)).toEqual([]);
  });

  it('that is due but has no slot yet settles in the same way', () => {
    const pool = poolWith(3, { size: 1, retries: 1 });
    pool.ended(1, exited(4));
    pool.retryDue(1);
    const effects = pool.machine.handle({ tag: 'cancel', mode: 'graceful' });
    expect(effects.slice(1)).toEqual([
      { tag: 'settle', task: task(1), settlement: { end: 'failed', outcome: exited(4), attempts: 1, slot: 1 } },
      { tag: 'settle', task: task(3), settlement: { end: 'cancelled', attempts: 0 } },
    ]);
  });
});

describe('a cancel', () => {
  it('ends what runs and settles what is ready as cancelled', () => {
    const pool = poolWith(4, { size: 2 });
    expect(pool.cancel('graceful')).toEqual([
      'end 1.1 graceful',
      'end 2.1 graceful',
      'settle 3 cancelled',
      'settle 4 cancelled',
    ]);
    expect(pool.machine.isHalted).toBe('cancel');
    expect(pool.ended(1, killed)).toEqual(['settle 1 cancelled']);
  });

  it('leaves a success a success, but a failure that follows it is a cancelled task, without a retry', () => {
    const pool = poolWith(2, { retries: 3 });
    pool.cancel('graceful');
    expect(pool.ended(1, exited(0))).toEqual(['settle 1 succeeded']);
    expect(pool.ended(2, exited(1))).toEqual(['settle 2 cancelled']);
  });

  it('now after graceful escalates, once', () => {
    const pool = poolWith(2);
    pool.cancel('graceful');
    expect(pool.cancel('graceful')).toEqual([]);
    expect(pool.cancel('now')).toEqual(['end 1.1 now', 'end 2.1 now']);
    expect(pool.cancel('now')).toEqual([]);
    expect(pool.cancel('graceful')).toEqual([]);
  });

  it('now also reaches an attempt that is being ended for its timeout, which stays timedOut', () => {
    const pool = poolWith(1);
    pool.timeoutElapsed(1);
    expect(pool.cancel('now')).toEqual(['end 1.1 now']);
    expect(pool.ended(1, killed)).toEqual(['settle 1 timedOut']);
  });

  it('now without a graceful one before kills at once', () => {
    const pool = poolWith(3, { size: 1 });
    expect(pool.cancel('now')).toEqual(['end 1.1 now', 'settle 2 cancelled', 'settle 3 cancelled']);
    expect(pool.ended(1, killed)).toEqual(['settle 1 cancelled']);
  });

  it('settles tasks that are submitted later as cancelled, and waits for the end of the input', () => {
    const pool = new TalkingPool();
    expect(pool.cancel('graceful')).toEqual([]);
    expect(pool.submit(task(1))).toEqual(['settle 1 cancelled']);
    expect(pool.inputEnded()).toEqual(['finish']);
  });
});

describe('input that fails', () => {
  it('cancels what is ready, lets what runs finish without retries, and then finishes', () => {
    const pool = poolWith(3, { size: 2, retries: 3 });
    expect(pool.inputFailed()).toEqual(['settle 3 cancelled']);
    expect(pool.machine.isHalted).toBe('input');
    expect(pool.ended(1, exited(1))).toEqual(['settle 1 failed']);
    expect(pool.ended(2, exited(0))).toEqual(['settle 2 succeeded', 'finish']);
  });

  it('finishes at once when nothing runs', () => {
    expect(new TalkingPool().inputFailed()).toEqual(['finish']);
  });

  it('leaves room for a cancel, and stays the reason', () => {
    const pool = poolWith(1);
    pool.inputFailed();
    expect(pool.cancel('graceful')).toEqual(['end 1.1 graceful']);
    expect(pool.machine.isHalted).toBe('input');
  });
});

describe('the halt rule', () => {
  it('soon lets what runs finish, cancels the rest, and tries nothing again', () => {
    const pool = new TalkingPool({ size: 3, retries: 1, halt: 'soon,fail=1' });
    pool.submit(task(1, 0), task(2), task(3), task(4));
    expect(pool.ended(2, exited(5))).toEqual(['retry 2.1', 'start 4.1 in slot 2']);
    pool.submit(task(5));
    expect(pool.ended(1, exited(1))).toEqual(['settle 1 failed', 'settle 2 failed', 'settle 5 cancelled']);
    expect(pool.machine.isHalted).toBe('fail');
    expect(pool.ended(3, exited(1))).toEqual(['settle 3 failed']);
    expect(pool.ended(4, exited(0))).toEqual(['settle 4 succeeded']);
  });

  it('now ends what runs as well', () => {
    const pool = poolWith(4, { size: 2, halt: 'now,fail=1' });
    expect(pool.ended(1, exited(1))).toEqual([
      'settle 1 failed',
      'end 2.1 graceful',
      'settle 3 cancelled',
      'settle 4 cancelled',
    ]);
    expect(pool.ended(2, killed)).toEqual(['settle 2 cancelled']);
  });

  it('now leaves the success of a task that exits with 0 all the same', () => {
    const pool = poolWith(2, { halt: 'now,fail=1' });
    pool.ended(1, exited(1));
    expect(pool.ended(2, exited(0))).toEqual(['settle 2 succeeded']);
  });

  it('counts tasks that failed for good, timeouts among them, and not tries', () => {
    const pool = poolWith(3, { size: 3, retries: 1, halt: 'soon,fail=2' });
    pool.ended(1, exited(1));
    pool.ended(2, exited(1));
    pool.retryDue(1);
    pool.ended(1, exited(1), 2);
    expect(pool.machine.isHalted).toBeNull();
    pool.retryDue(2);
    pool.timeoutElapsed(2, 2);
    expect(pool.ended(2, killed, 2)).toEqual(['settle 2 timedOut']);
    expect(pool.machine.isHalted).toBe('fail');
  });

  it('can wait for a success', () => {
    const pool = poolWith(3, { size: 2, halt: 'now,success=1' });
    pool.ended(1, exited(1));
    expect(pool.ended(2, exited(0))).toEqual(['settle 2 succeeded', 'end 3.1 graceful']);
    expect(pool.machine.isHalted).toBe('success');
  });

  it('with a percentage triggers only once the input has ended', () => {
    const pool = poolWith(3, { size: 1, halt: 'soon,fail=50%' });
    pool.ended(1, exited(1));
    pool.ended(2, exited(1));
    expect(pool.machine.isHalted).toBeNull();
    pool.submit(task(4));
    expect(pool.inputEnded()).toEqual(['settle 4 cancelled']);
    expect(pool.machine.isHalted).toBe('fail');
  });

  it('with a percentage is reached exactly, not before', () => {
    const pool = poolWith(4, { size: 4, halt: 'soon,fail=50%' });
    pool.inputEnded();
    pool.ended(1, exited(1));
    expect(pool.machine.isHalted).toBeNull();
    pool.ended(2, exited(1));
    expect(pool.machine.isHalted).toBe('fail');
  });

  it('with a percentage leaves an empty list alone', () => {
    const pool = new TalkingPool({ halt: 'soon,fail=1%' });
    expect(pool.inputEnded()).toEqual(['finish']);
    expect(pool.machine.isHalted).toBeNull();
  });

  it('ends what runs also when it is reached after the input failed', () => {
    const pool = poolWith(2, { halt: 'now,fail=1' });
    pool.inputFailed();
    expect(pool.ended(1, exited(1))).toEqual(['settle 1 failed', 'end 2.1 graceful']);
    expect(pool.machine.isHalted).toBe('input');
  });
});

describe('finishing', () => {
  it('comes at once for an empty list', () => {
    const pool = new TalkingPool();
    expect(pool.inputEnded()).toEqual(['finish']);
    expect(pool.machine.isFinished).toBe(true);
  });

  it('waits for the end of the input and for the last task, whichever is later', () => {
    const early = poolWith(1);
    expect(early.inputEnded()).toEqual([]);
    expect(early.ended(1, exited(0))).toEqual(['settle 1 succeeded', 'finish']);
    const late = poolWith(1);
    expect(late.ended(1, exited(0))).toEqual(['settle 1 succeeded']);
    expect(late.inputEnded()).toEqual(['finish']);
  });

  it('waits for a retry that is due later', () => {
    const pool = poolWith(1, { retries: 1 });
    pool.inputEnded();
    expect(pool.ended(1, exited(1))).toEqual(['retry 1.1']);
    expect(pool.machine.isFinished).toBe(false);
    pool.retryDue(1);
    expect(pool.ended(1, exited(0), 2)).toEqual(['settle 1 succeeded', 'finish']);
  });

  it('is the end: whatever comes later changes nothing', () => {
    const pool = poolWith(1);
    pool.inputEnded();
    pool.ended(1, exited(0));
    const counts = pool.machine.counts;
    expect(pool.inputEnded()).toEqual([]);
    expect(pool.submit(task(2))).toEqual([]);
    expect(pool.cancel('now')).toEqual([]);
    expect(pool.inputFailed()).toEqual([]);
    expect(pool.machine.counts).toEqual(counts);
    expect(pool.machine.isHalted).toBeNull();
  });
});

describe('tasks after the end of the input', () => {
  it('are refused loudly while the pool goes on, for they would be lost', () => {
    const pool = poolWith(1);
    pool.inputEnded();
    expect(() => pool.submit(task(2))).toThrow('input has ended');
    expect(pool.machine.counts.submitted).toBe(1);
  });

  it('are let go of when the pool has halted: none of them would have started', () => {
    const pool = poolWith(1);
    pool.inputFailed();
    expect(pool.submit(task(2))).toEqual([]);
    expect(pool.machine.counts.submitted).toBe(1);
  });
});

it('counts every task in exactly one state', () => {
  const pool = poolWith(6, { size: 2, retries: 1 });
  pool.ended(1, exited(0));
  pool.ended(2, exited(1));
  expect(pool.machine.counts).toEqual({
    submitted: 6,
    alreadyDone: 0,
    waitingForNeeds: 0,
    ready: 2,
    running: 2,
    waiting: 1,
    succeeded: 1,
    failed: 0,
    timedOut: 0,
    cancelled: 0,
    skipped: 0,
    isInputOpen: true,
  });
});

describe('tasks that an earlier run has done', () => {
  it('are counted, and never started', () => {
    const pool = poolWith(0);
    expect(pool.send({ tag: 'submitted', tasks: [task(2)], done: [task(1), task(3)] })).toEqual([
      'start 2.1 in slot 1',
    ]);
    expect(pool.machine.counts).toMatchObject({ submitted: 1, alreadyDone: 2, running: 1 });
  });

  it('do not count for the percentage of a halt rule', () => {
    const pool = poolWith(0, { size: 1, halt: 'soon,fail=50%' });
    const done = [task(1), task(2), task(3), task(4)];
    pool.send({ tag: 'submitted', tasks: [task(5), task(6)], done });
    pool.inputEnded();
    pool.ended(5, exited(1));
    expect(pool.machine.isHalted).toBe('fail');
  });

  it('leave nothing to do when they are all', () => {
    const pool = poolWith(0);
    pool.send({ tag: 'submitted', tasks: [], done: [task(1)] });
    expect(pool.inputEnded()).toEqual(['finish']);
  });
});

it('ends the youngest of those at work when something is scarce, and queues it again before all others', () => {
  const pool = poolWith(5, { size: 3 });
  expect(pool.scarce()).toEqual(['end 3.1 graceful']);
  expect(pool.scarce(), 'one at a time').toEqual([]);
  expect(pool.resized(1)).toEqual([]);
  expect(pool.ended(3, killed)).toEqual(['requeue 3.1']);
  expect(pool.scarce()).toEqual(['end 2.1 graceful']);
  expect(pool.ended(2, killed)).toEqual(['requeue 2.1']);
  expect(pool.scarce(), 'the last one stays').toEqual([]);
  expect(pool.resized(3)).toEqual(['start 3.2 in slot 2', 'start 2.2 in slot 3']);
});

it('does not count it as a try when a task had to give way', () => {
  const pool = poolWith(2, { size: 2, retries: 1 });
  pool.scarce();
  expect(pool.ended(2, killed)).toEqual(['requeue 2.1', 'start 2.2 in slot 2']);
  expect(pool.ended(2, exited(1), 2)).toEqual(['retry 2.2']);
  pool.retryDue(2, 2);
  expect(pool.ended(2, exited(1), 3)).toEqual(['settle 2 failed']);
});

it('takes a success for one, also of a task that was to give way', () => {
  const pool = poolWith(2, { size: 2 });
  pool.scarce();
  expect(pool.ended(2, exited(0))).toEqual(['settle 2 succeeded']);
});

it('starts one at a time, each when the delay after the one before is over', () => {
  const pool = new TalkingPool({ size: 3, isSpaced: true });
  expect(pool.submit(...tasks(1, 4))).toEqual(['start 1.1 in slot 1']);
  expect(pool.ended(1, exited(0))).toEqual(['settle 1 succeeded']);
  expect(pool.delayOver()).toEqual(['start 2.1 in slot 1']);
  expect(pool.delayOver()).toEqual(['start 3.1 in slot 2']);
});
