import { describe, expect, it } from 'vitest';
import { SLOT_MARK, withSlot } from '../../src/core/pool/slot-mark.ts';
import type { TaskSpec } from '../../src/core/pool/task.ts';

const task = (argv: [string, ...string[]], more: Partial<TaskSpec> = {}): TaskSpec => ({
  seq: 1,
  id: '1',
  name: 'a',
  command: { kind: 'argv', argv },
  usesSlot: true,
  ...more,
});

describe('the mark of the slot', () => {
  it('becomes its number in the command, the variables and the directory', () => {
    const env = Object.assign(Object.create(null), { A: `x${SLOT_MARK}`, B: null });
    const started = withSlot(task(['echo', `${SLOT_MARK}-${SLOT_MARK}`], { cwd: `/${SLOT_MARK}`, env }), 12);
    expect(started).toMatchObject({ command: { argv: ['echo', '12-12'] }, cwd: '/12' });
    expect({ ...started.env }).toEqual({ A: 'x12', B: null });
    const line = withSlot({ ...task(['a']), command: { kind: 'shell', line: `echo '${SLOT_MARK}'` } }, 3);
    expect(line.command).toEqual({ kind: 'shell', line: "echo '3'" });
  });
  it('is shown as the template has it where a task never got a slot', () => {
    expect(withSlot(task(['echo', `a${SLOT_MARK}`]), null).command).toMatchObject({ argv: ['echo', 'a{%}'] });
  });
  it('is never found in a character, nor beside a byte that is not UTF-8', () => {
    const given = `\u{1f401}${SLOT_MARK}\udc80\u{1f401}`;
    expect(withSlot(task(['echo', given]), 7).command).toMatchObject({ argv: ['echo', '\u{1f401}7\udc80\u{1f401}'] });
  });
  it('is looked for only in a task that has one', () => {
    const plain = task(['echo', SLOT_MARK], { usesSlot: false });
    expect(withSlot(plain, 7)).toBe(plain);
  });
});
