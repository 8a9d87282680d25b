import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProcctlError } from '../../src/errors.ts';
import { parseSize } from '../../src/protocol/size.ts';

describe('a size that people write', () => {
  it.each([
    ['0', 0],
    ['4096', 4096],
    ['512k', 524_288],
    ['512K', 524_288],
    ['10M', 10_485_760],
    ['10MB', 10_485_760],
    ['10MiB', 10_485_760],
    ['10mib', 10_485_760],
    ['100B', 100],
    ['1.5G', 1_610_612_736],
    ['.5k', 512],
    ['2T', 2_199_023_255_552],
    ['1.0001k', 1024],
  ])('reads %s as %d bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes));

  it.each([
    '',
    'M',
    '-1',
    '+1',
    '1 M',
    '1e3',
    '0x10',
    '10X',
    '10iB',
    '1.',
    '1.5.2',
    'NaN',
    'Infinity',
    '9007199254740993',
    '9999999T',
    '10Mbit',
  ])('refuses %j', (text) => expect(() => parseSize(text)).toThrow(ProcctlError));

  it('says where and what was expected', () => {
    expect(() => parseSize('big', '--log-max-size')).toThrow(
      '--log-max-size: expected a size such as "10M", got "big"',
    );
  });

  it('reads whole bytes back exactly, in any unit', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.constantFrom('', 'k', 'M', 'G'), (amount, unit) => {
        expect(parseSize(`${amount}${unit}`)).toBe(amount * 1024 ** ['', 'k', 'M', 'G'].indexOf(unit));
      }),
    );
  });
});
