import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { ProcctlError } from '../../src/errors.ts';
import { parseSignal } from '../../src/protocol/signal-name.ts';

const { signals } = constants;

describe('a signal that people write', () => {
  it.each(['TERM', 'SIGTERM', 'term', 'SigTerm', '15', '015'])('%s is SIGTERM', (text) => {
    expect(parseSignal(text, signals)).toBe('SIGTERM');
  });
  it('has its usual name where it has two', () => {
    expect(parseSignal('IOT', signals)).toBe('SIGABRT');
    expect(parseSignal(String(signals.SIGABRT), signals)).toBe('SIGABRT');
  });
  it.each(Object.keys(signals))('%s may be said by name and by number', (name) => {
    const number = signals[name as NodeJS.Signals];
    expect(signals[parseSignal(name, signals) as NodeJS.Signals]).toBe(number);
    expect(parseSignal(String(number), signals)).toBe(parseSignal(name.slice(3).toLowerCase(), signals));
  });
  it.each([
    ['TREM', 'expected a signal such as "TERM", got "TREM"; did you mean "TERM"?'],
    ['0', 'expected a signal such as "TERM", got "0"'],
    ['99', 'expected a signal such as "TERM", got "99"'],
    ['-15', 'expected a signal such as "TERM", got "-15"'],
    ['', 'expected a signal such as "TERM", got ""'],
    ['__proto__', 'expected a signal such as "TERM", got "__proto__"'],
    ['toString', 'expected a signal such as "TERM", got "toString"'],
  ])('%j is refused: %s', (text, message) => {
    expect(() => parseSignal(text, signals)).toThrow(ProcctlError);
    expect(() => parseSignal(text, signals)).toThrow(message);
  });
});
