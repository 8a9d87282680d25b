import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseSizeSetting, stepped } from '../../src/runtime/pool/size-file.ts';
import { scratch } from '../helpers/procctl.ts';

describe('a size', () => {
  it('stays from 1 to 10000 by steps', () => {
    expect([stepped(1, -1), stepped(1, 1), stepped(2, -1), stepped(10_000, 1)]).toEqual([1, 2, 1, 10_000]);
  });

  it('is a number before it is the name of a file', () => {
    const file = join(scratch(), '7');
    writeFileSync(file, ' 50% \n');
    expect(parseSizeSetting('7', 4)).toEqual({ size: 7, file: null });
    expect(parseSizeSetting(file, 4)).toEqual({ size: 2, file });
  });
});
