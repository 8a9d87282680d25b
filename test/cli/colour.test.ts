import { describe, expect, it } from 'vitest';
import { wantsColour } from '../../src/cli/colour.ts';

describe('colours', () => {
  it('are for terminals, unless the terminal is dumb', () => {
    expect(wantsColour('auto', { TERM: 'xterm' }, true)).toBe(true);
    expect(wantsColour('auto', { TERM: 'dumb' }, true)).toBe(false);
    expect(wantsColour('auto', { TERM: 'xterm' }, false)).toBe(false);
  });
  it('heed NO_COLOR before FORCE_COLOR, and neither when it is empty', () => {
    expect(wantsColour('auto', { NO_COLOR: '1', FORCE_COLOR: '1' }, true)).toBe(false);
    expect(wantsColour('auto', { FORCE_COLOR: '1' }, false)).toBe(true);
    expect(wantsColour('auto', { FORCE_COLOR: '0' }, true)).toBe(false);
    expect(wantsColour('auto', { NO_COLOR: '', FORCE_COLOR: '' }, true)).toBe(true);
  });
  it('are as --color says, whatever the environment', () => {
    expect(wantsColour('always', { NO_COLOR: '1' }, false)).toBe(true);
    expect(wantsColour('never', { FORCE_COLOR: '1' }, true)).toBe(false);
  });
});
