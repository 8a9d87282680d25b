import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MarkReader } from '../../src/protocol/mark-reader.ts';

const MARK = Buffer.from('aab');

/** What looks like a mark in part, as often as it may. */
const written = fc
  .array(fc.constantFrom(0x61, 0x62, 0x63), { maxLength: 12 })
  .map((bytes) => Buffer.from(bytes))
  .filter((bytes) => !Buffer.concat([bytes, MARK.subarray(0, 2)]).includes(MARK));

const cutAt = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
};

it('gives each task what it has written, however the pipe is read', () => {
  fc.assert(
    fc.property(
      fc.array(written, { maxLength: 6 }),
      written,
      fc.array(fc.nat(), { maxLength: 10 }),
      (tasks, last, cuts) => {
        const whole = Buffer.concat([...tasks.flatMap((bytes) => [bytes, MARK]), last]);
        fc.pre(countOf(whole) === tasks.length);
        const seen: Buffer[] = [Buffer.alloc(0)];
        const reader = new MarkReader(MARK, {
          onData: (chunk) => {
            seen[seen.length - 1] = Buffer.concat([seen.at(-1) as Buffer, chunk]);
          },
          onMark: () => seen.push(Buffer.alloc(0)),
        });
        for (const chunk of cutAt(whole, cuts)) reader.push(chunk);
        reader.flush();
        expect(seen).toEqual([...tasks, last]);
      },
    ),
  );
});

it('holds back no more than what a mark begins with', () => {
  const seen: string[] = [];
  const reader = new MarkReader(MARK, { onData: (chunk) => seen.push(chunk.toString()), onMark: () => seen.push('|') });
  reader.push(Buffer.from('xaa'));
  expect(seen).toEqual(['x']);
  reader.push(Buffer.from('ac'));
  expect(seen.join('')).toBe('xaaac');
  reader.push(Buffer.from('a'));
  reader.push(Buffer.from('ab'));
  expect(seen.join('')).toBe('xaaac|');
});

const countOf = (bytes: Buffer): number => {
  let count = 0;
  for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + MARK.length)) count += 1;
  return count;
};
