import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { parseTermSequence } from '../../src/protocol/term-sequence-option.ts';
import { parseTimeLimit } from '../../src/protocol/time-limit-option.ts';

const sequence = (text: string) => parseTermSequence(text, constants.signals);

describe('--term-seq', () => {
  it.each([
    [
      'TERM,200ms,TERM,100ms,KILL',
      [
        ['SIGTERM', 200],
        ['SIGTERM', 100],
      ],
      2000,
    ],
    [
      'TERM,200,TERM,100,TERM,50,KILL,25',
      [
        ['SIGTERM', 200],
        ['SIGTERM', 100],
        ['SIGTERM', 50],
      ],
      2000,
    ],
    [
      'int,1.5s,SIGHUP,1m',
      [
        ['SIGINT', 1500],
        ['SIGHUP', 60_000],
      ],
      2000,
    ],
    ['15,10', [['SIGTERM', 10]], 2000],
    ['KILL', [], 2000],
    ['KILL,5s', [], 5000],
  ] as const)('reads %s', (text, steps, patienceMs) => {
    expect(sequence(text)).toEqual({ steps: steps.map(([signal, waitMs]) => ({ signal, waitMs })), patienceMs });
  });

  it.each([
    ['TERM', 'expected a time after "TERM"'],
    ['TERM,200,KILL,1,TERM,1', 'nothing can follow KILL, got "TERM,1"'],
    ['TERM,200,', 'expected a signal'],
    ['', 'expected a signal'],
    ['TERM,KILL', 'expected a duration'],
    ['200,TERM', 'expected a signal'],
  ])('refuses %j', (text, message) => {
    expect(() => sequence(text)).toThrow(message);
  });
});

describe('--timeout', () => {
  it('reads durations and percentages', () => {
    expect(parseTimeLimit('1.5m')).toEqual({ kind: 'fixed', ms: 90_000 });
    expect(parseTimeLimit('0')).toEqual({ kind: 'fixed', ms: 0 });
    expect(parseTimeLimit('200%')).toEqual({ kind: 'median', percent: 200 });
    expect(parseTimeLimit('150.5%')).toEqual({ kind: 'median', percent: 150.5 });
  });

  it.each(['0%', '-1%', '%', '1e3%', '2000000%', '5%%'])('refuses %j', (text) => {
    expect(() => parseTimeLimit(text)).toThrow(/^expected a (percentage|duration)/);
  });
});
