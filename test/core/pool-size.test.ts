import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MAX_POOL_SIZE, parsePoolSize } from '../../src/core/pool/size.ts';

it.each([
  ['4', 8, 4],
  ['1', 8, 1],
  ['10000', 8, 10_000],
  ['100%', 8, 8],
  ['50%', 8, 4],
  ['50%', 3, 2],
  ['400%', 4, 16],
  ['1%', 4, 1],
  ['+1', 4, 5],
  ['+0', 4, 4],
  ['-1', 4, 3],
  ['-4', 4, 1],
  ['-9', 4, 1],
])('reads %s on %i CPUs as %i', (text, cpus, size) => {
  expect(parsePoolSize(text, cpus)).toBe(size);
});

it.each([
  '0',
  '0%',
  '1.5',
  '',
  ' ',
  'abc',
  '101x',
  '4 ',
  ' 4',
  '4\n',
  '1e3',
  '0x10',
  '٤',
  '+',
  '-',
  '%',
  '+5%',
  '-5%',
  '--1',
  'NaN',
  'Infinity',
  '10001',
  '+10000',
  '1000000%',
  '9'.repeat(400),
])('refuses %j with one readable line and a way out', (text) => {
  expect(() => parsePoolSize(text, 4)).toThrow(
    expect.objectContaining({
      code: 'ERR_POOL_SIZE',
      message: expect.stringContaining(`got ${JSON.stringify(text)}`),
      hint: expect.stringContaining('50%'),
    }),
  );
});

it('comes to a whole number in range, or throws, for any text', () => {
  const text = fc.oneof(
    fc.string(),
    fc.tuple(fc.constantFrom('', '+', '-'), fc.nat(20_000), fc.constantFrom('', '%')).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 512 }), (given, cpus) => {
      let size: number;
      try {
        size = parsePoolSize(given, cpus);
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_POOL_SIZE' });
        return;
      }
      expect(Number.isInteger(size) && size >= 1 && size <= MAX_POOL_SIZE).toBe(true);
    }),
  );
});
