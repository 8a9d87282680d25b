import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesText, settingText, shareText, timeLeftText } from '../../src/render/amounts.ts';
import { stateText, stateTone } from '../../src/render/process-state.ts';
import { DOWN, processView } from './process-views.ts';

const MIB = 1024 * 1024;

describe('the state of a process', () => {
  it('is what the kernel showed, with what it waits for', () => {
    expect(stateText(processView({ state: 'running', reason: null }))).toBe('running');
    expect(stateText(processView({ state: 'ready', reason: null }))).toBe('ready');
    for (const reason of ['sleep', 'disk', 'stopped', 'traced']) {
      expect(stateText(processView({ state: 'waiting', reason }))).toBe(`waiting (${reason})`);
    }
  });

  it('counts the seconds to the next start down, and says 0 only when it is due', () => {
    const backoff = (dueInMs: number | null) =>
      stateText(processView({ ...DOWN, state: 'waiting', reason: 'backoff', dueInMs }));
    expect(backoff(4_000)).toBe('waiting (backoff 4s)');
    expect(backoff(3_001)).toBe('waiting (backoff 4s)');
    expect(backoff(1)).toBe('waiting (backoff 1s)');
    expect(backoff(0)).toBe('waiting (backoff 0s)');
    expect(backoff(-5)).toBe('waiting (backoff 0s)');
    expect(backoff(65_000)).toBe('waiting (backoff 1m05s)');
    expect(backoff(null)).toBe('waiting (backoff)');
  });

  it('says why it stops only when that is no plain stop', () => {
    expect(stateText(processView({ state: 'stopping', reason: null }))).toBe('stopping');
    expect(stateText(processView({ state: 'stopping', reason: 'restart' }))).toBe('stopping (restart)');
  });

  it('says how it ended, or why it was given up', () => {
    const exited = (some: object) => stateText(processView({ ...DOWN, state: 'exited', endedBy: 'self', ...some }));
    expect(exited({ reason: '0', exitCode: 0 })).toBe('exited (0)');
    expect(exited({ exitCode: 7 })).toBe('exited (7)');
    expect(exited({ reason: 'SIGSEGV', signal: 'SIGSEGV' })).toBe('exited (SIGSEGV)');
    expect(exited({ signal: 'SIGABRT' })).toBe('exited (SIGABRT)');
    expect(exited({ reason: 'unknown' })).toBe('exited (unknown)');
    expect(exited({ endedBy: 'stop' })).toBe('exited');
    expect(stateText(processView({ ...DOWN, state: 'failed', reason: '5 restarts in 60s' }))).toBe(
      'failed (5 restarts in 60s)',
    );
  });

  it('names a shutdown or a reboot that ended it, beside what else is known', () => {
    const ended = (endedBy: 'shutdown' | 'reboot', some: object) =>
      stateText(processView({ ...DOWN, state: 'exited', endedBy, ...some }));
    expect(ended('reboot', {})).toBe('exited (reboot)');
    expect(ended('reboot', { reason: 'unknown' })).toBe('exited (reboot)');
    expect(ended('reboot', { reason: 'reboot' })).toBe('exited (reboot)');
    expect(ended('shutdown', { reason: 'SIGTERM', signal: 'SIGTERM' })).toBe('exited (SIGTERM, shutdown)');
  });

  it('is bad only when somebody should look after it', () => {
    const tone = (some: object) => stateTone(processView({ ...DOWN, ...some }));
    expect(tone({ state: 'exited', endedBy: 'self', exitCode: 0 })).toBe('over');
    expect(tone({ state: 'exited', endedBy: 'stop', signal: 'SIGTERM' })).toBe('over');
    expect(tone({ state: 'exited', endedBy: 'self', exitCode: 1 })).toBe('bad');
    expect(tone({ state: 'exited', endedBy: 'self' })).toBe('bad');
    expect(tone({ state: 'exited', endedBy: 'reboot' })).toBe('pending');
    expect(tone({ state: 'failed' })).toBe('bad');
    expect(tone({ state: 'waiting', reason: 'backoff' })).toBe('pending');
    expect(tone({ state: 'waiting', reason: 'sleep', alive: true })).toBe('idle');
    expect(tone({ state: 'waiting', reason: 'stopped', alive: true })).toBe('pending');
    expect(tone({ state: 'ready' })).toBe('pending');
    expect(tone({ state: 'ready', alive: true })).toBe('busy');
  });
});

describe('amounts', () => {
  it('of bytes are short, and in units of 1024', () => {
    const shown = [
      0,
      500,
      600 * 1024,
      1023.4 * 1024,
      1023.6 * 1024,
      9.94 * MIB,
      9.96 * MIB,
      41 * MIB,
      1.25 * 1024 * MIB,
    ];
    expect(shown.map(bytesText)).toEqual(['0K', '0K', '600K', '1023K', '1.0M', '9.9M', '10M', '41M', '1.3G']);
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        expect(bytesText(bytes).length).toBeLessThanOrEqual(5);
      }),
    );
  });

  it('of shares are whole percents', () => {
    expect([0, 0.034, 1].map(shareText)).toEqual(['0%', '3%', '100%']);
  });

  it('of time that was set are exact', () => {
    const shown = [0, 100, 1_500, 5_000, 60_000, 90_000, 120_000, 7_200_000, 172_800_000, 61_001];
    expect(shown.map(settingText)).toEqual(['0s', '100ms', '1.5s', '5s', '60s', '90s', '2m', '2h', '2d', '61.001s']);
  });

  it('of time to go are whole seconds, rounded up', () => {
    expect([0, 1, 1_000, 59_500, 61_000].map(timeLeftText)).toEqual(['0s', '1s', '1s', '1m00s', '1m01s']);
  });
});
