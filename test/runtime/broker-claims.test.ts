import { ftruncateSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClaimsFile, ClaimsReader } from '../../src/runtime/broker/claims.ts';
import { HandedNote } from '../../src/runtime/broker/handed-note.ts';

const withDirectory = (use: (directory: string) => void): void => {
  const directory = mkdtempSync(join(tmpdir(), 'procctl-claims-'));
  try {
    use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};

/** What a consumer does with one of its queues: takes some items, and now and then says that it is done with all. */
const step = fc.record({ slot: fc.nat(2), taken: fc.integer({ min: 1, max: 5 }), isAcked: fc.boolean() });
const steps = fc.array(step, { minLength: 1, maxLength: 400, size: 'max' });

describe('what a consumer has taken', () => {
  it('is what it has written last, for each of its queues, whether lengths of files can be set or not', () => {
    fc.assert(
      fc.property(steps, fc.nat(400), fc.boolean(), (all, failsFrom, isAckedEver) => {
        withDirectory((directory) => {
          const path = join(directory, '1-a.claims');
          let calls = 0;
          const file = new ClaimsFile(path, (fd, length) => {
            calls += 1;
            if (calls > failsFrom) throw new Error('EFBIG');
            ftruncateSync(fd, length);
          });
          const reader = new ClaimsReader(path);
          const slots = [file.openSlot(), file.openSlot(), file.openSlot()];
          const claims = slots.map(() => ({ taken: 0, acked: 0 }));
          for (const { slot, taken, isAcked } of all) {
            const of = claims[slot] as { taken: number; acked: number };
            for (let item = 0; item < taken; item += 1) slots[slot]?.write(++of.taken, of.acked);
            if (isAcked && isAckedEver) {
              of.acked = of.taken;
              slots[slot]?.write(of.taken, of.acked);
            }
          }
          for (const [slot, of] of claims.entries()) expect(reader.read(slot)).toEqual(of);
          reader.remove();
          expect(readdirSync(directory)).toEqual([]);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('is never less than was handed out, nor more than may be lost, and exact after each turn, where several are noted at once', () => {
    const turn = fc.record({ items: fc.integer({ min: 1, max: 60 }), soon: fc.nat(64) });
    const turns = fc.array(turn, { minLength: 10, maxLength: 60, size: 'max' });
    fc.assert(
      fc.property(turns, fc.nat(200), (all, failsAt) => {
        withDirectory((directory) => {
          const path = join(directory, '1-a.claims');
          let calls = 0;
          const file = new ClaimsFile(path, (fd, length) => {
            if (calls++ === failsAt) throw new Error('EFBIG');
            ftruncateSync(fd, length);
          });
          const reader = new ClaimsReader(path);
          const note = new HandedNote(file.openSlot(), 10);
          let taken = 0;
          for (const { items, soon } of all) {
            const until = taken + 2 * items;
            for (let item = 0; item < items; item += 1) {
              note.hand(taken, until, soon);
              taken += 1;
              const noted = reader.read(0).taken;
              expect(noted).toBeGreaterThanOrEqual(taken);
              expect(noted).toBeLessThan(taken + 10);
            }
            note.settle(taken);
            expect(reader.read(0).taken).toBe(taken);
          }
          reader.remove();
          expect(readdirSync(directory)).toEqual([]);
        });
      }),
      // A file is open as long as its consumer lives: there are not enough to look for a smaller example.
      { numRuns: 40, endOnFailure: true },
    );
  });

  it('can go back to less at any time, also when it has just been noted that a length will say it', () => {
    for (let single = 60; single < 68; single += 1) {
      withDirectory((directory) => {
        const path = join(directory, '1-a.claims');
        const slot = new ClaimsFile(path).openSlot();
        for (let taken = 1; taken <= single; taken += 1) slot.write(taken, 0);
        slot.write(single + 10, 0);
        slot.write(single + 3, 0);
        const reader = new ClaimsReader(path);
        expect(reader.read(0)).toEqual({ taken: single + 3, acked: 0 });
        slot.write(single + 5, 0);
        expect(reader.read(0)).toEqual({ taken: single + 5, acked: 0 });
        reader.remove();
      });
    }
  });

  it('costs no file of its own where little is taken', () => {
    withDirectory((directory) => {
      const path = join(directory, '1-a.claims');
      const slot = new ClaimsFile(path).openSlot();
      for (let taken = 1; taken < 64; taken += 1) slot.write(taken, 0);
      expect(readdirSync(directory)).toEqual(['1-a.claims']);
      slot.write(64, 0);
      slot.write(65, 0);
      expect(readdirSync(directory).toSorted()).toEqual(['1-a.claims', '1-a.claims.0']);
      const reader = new ClaimsReader(path);
      expect(reader.read(0)).toEqual({ taken: 65, acked: 0 });
      reader.remove();
    });
  });
});
