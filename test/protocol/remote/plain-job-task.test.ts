import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { TaskSpec } from '../../../src/core/pool/task.ts';
import { plainJobTask } from '../../../src/protocol/remote/plain-job-task.ts';
import { taskDocument } from '../../../src/protocol/task-document.ts';
import { checkTask } from '../../../src/protocol/task-schema.ts';

const text = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    'a',
    '1',
    '0ms',
    '10ms',
    '1.5ms',
    '00ms',
    '1s',
    '9999999999999ms',
    '\ufeff',
    '\u0000',
    '\udcff',
    '\r',
  ),
  fc.string({ unit: 'binary', maxLength: 5 }),
);
const oddity = fc.oneof(
  text,
  fc.constantFrom(null, undefined, 0, 1, -1, 1.5, true),
  fc.array(text, { maxLength: 2 }),
  fc.constant({}),
);
const mostly = <T>(right: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: right, weight: 12 }, { arbitrary: oddity, weight: 1 });
const labels = {
  id: mostly(text),
  name: mostly(text),
  timeout: mostly(fc.constantFrom('0ms', '7ms', '123456789012ms', '3s')),
};
const program = fc.record(
  {
    ...labels,
    command: mostly(fc.oneof(text, fc.array(mostly(text), { maxLength: 3 }))),
    cwd: mostly(text),
    stdin: mostly(text),
  },
  { requiredKeys: ['command'] },
);
const fn = fc.record(
  { ...labels, module: mostly(text), export: mostly(text), args: mostly(fc.array(fc.jsonValue(), { maxLength: 3 })) },
  { requiredKeys: ['module'] },
);
const otherKey = fc.constantFrom(
  'env',
  'retries',
  'module',
  'command',
  'kwargs',
  'cwd',
  'comand',
  'constructor',
  '__proto__',
  'toString',
);
const odd = fc.tuple(fc.oneof(program, fn), otherKey, oddity).map(([task, key, value]) => {
  const copy: object = { ...task };
  Object.defineProperty(copy, key, { value, enumerable: true, configurable: true });
  return copy;
});
const task = fc.oneof(
  { arbitrary: program, weight: 6 },
  { arbitrary: fn, weight: 6 },
  { arbitrary: odd, weight: 4 },
  { arbitrary: oddity, weight: 1 },
);

it('reads nothing that the schema does not read, and reads it as the schema does', () => {
  let plain = 0;
  fc.assert(
    fc.property(task, (value) => {
      const read = plainJobTask(value);
      if (read === undefined) return;
      plain += 1;
      expect({ value: read }).toEqual(checkTask(value));
    }),
    { numRuns: 3_000 },
  );
  // Else the test would say nothing.
  expect(plain).toBeGreaterThan(300);
});

it('reads what pools write', () => {
  const specs: TaskSpec[] = [
    {
      seq: 1,
      id: '1',
      name: 'a.mjs',
      timeoutMs: 0,
      command: { kind: 'function', module: './a.mjs', exportName: 'default', args: [1] },
    },
    { seq: 2, id: 'two', name: 'true', timeoutMs: 5_000, command: { kind: 'argv', argv: ['true', ''] }, cwd: '/srv' },
    { seq: 3, id: '3', name: ':', timeoutMs: 0, command: { kind: 'shell', line: ':' }, stdin: 'text' },
  ];
  for (const spec of specs) expect(plainJobTask(taskDocument(spec))).toBeDefined();
});
