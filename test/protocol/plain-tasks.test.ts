import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TaskSpec } from '../../src/core/pool/task.ts';
import { NdjsonTasks } from '../../src/protocol/ndjson-tasks.ts';
import { plainDocument, plainLines } from '../../src/protocol/plain-tasks.ts';
import { parseTasksDocument } from '../../src/protocol/tasks-document.ts';

const text = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    'a',
    '1',
    '2',
    '01',
    '7x',
    'gzip a.log',
    '\ufeff',
    '\u0000',
    '\udcff',
    '__proto__',
    '\r',
    '\u2028',
  ),
  fc.string({ unit: 'binary', maxLength: 5 }),
);
const oddity = fc.oneof(
  text,
  fc.constantFrom(null, 0, 1, -1, 1.5, true),
  fc.array(text, { maxLength: 2 }),
  fc.constant({}),
);
/** Mostly right, so that whole lists often are. */
const mostly = <T>(right: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: right, weight: 12 }, { arbitrary: oddity, weight: 1 });
const argv = fc.array(mostly(text), { maxLength: 3 }).map((words) => ['printf', ...words]);
const command = mostly(fc.oneof(text, argv));
const keys = fc.record(
  {
    command,
    id: mostly(text),
    name: mostly(text),
    cwd: mostly(text),
    stdin: mostly(text),
  },
  { requiredKeys: ['command'] },
);
const otherKey = fc.constantFrom('env', 'timeout', 'retries', 'module', 'args', 'comand', 'constructor', '__proto__');
const odd = fc.tuple(keys, otherKey, oddity).map(([task, key, value]) => {
  const copy = { ...task };
  Object.defineProperty(copy, key, { value, enumerable: true });
  return copy;
});
const task = fc.oneof(
  { arbitrary: command, weight: 6 },
  { arbitrary: keys, weight: 6 },
  { arbitrary: odd, weight: 1 },
  { arbitrary: oddity, weight: 1 },
);
const tasks = fc.array(task, { maxLength: 4 });

const bySchema = (read: () => readonly TaskSpec[]): readonly TaskSpec[] | 'refused' => {
  try {
    return read();
  } catch {
    return 'refused';
  }
};

const byLines = (lines: string): readonly TaskSpec[] => {
  const reader = new NdjsonTasks('f');
  const batches = [reader.push(Buffer.from(lines)), reader.end()];
  for (const { error } of batches) if (error !== undefined) throw error;
  return batches.flatMap(({ tasks: some }) => some);
};

describe('plain tasks', () => {
  it('of a document are what the schema makes of them, or are left to it', () => {
    let plain = 0;
    fc.assert(
      fc.property(tasks, fc.constantFrom('', '\ufeff', ' \n'), (list, before) => {
        const document = before + JSON.stringify(list);
        const read = plainDocument(document);
        if (read === undefined) return;
        plain += 1;
        expect(read).toEqual(bySchema(() => parseTasksDocument(document, 'f')));
      }),
      { numRuns: 3000 },
    );
    expect(plain).toBeGreaterThan(500);
  });

  it('of lines are what the schema makes of them, or are left to it', () => {
    let plain = 0;
    const lines = fc.array(
      fc.oneof(
        task.map((value) => JSON.stringify(value)),
        fc.constantFrom('', ' \t\r', '"a" "b"'),
      ),
      {
        maxLength: 4,
      },
    );
    fc.assert(
      fc.property(lines, fc.constantFrom('\n', '\r\n'), fc.boolean(), (list, end, isEnded) => {
        const document = list.join(end) + (isEnded ? end : '');
        // A lone surrogate is no text that a file could hold.
        if (!document.isWellFormed()) return;
        const read = plainLines(document);
        if (read === undefined) return;
        plain += 1;
        expect(read).toEqual(bySchema(() => byLines(document)));
      }),
      { numRuns: 3000 },
    );
    expect(plain).toBeGreaterThan(500);
  });

  it.each([
    ['["a", ["gzip", "b c"], {"command": "d", "id": "x", "name": "y", "cwd": "/", "stdin": "z"}]', 3],
    ['[]', 0],
  ])('need no schema: %s', (document, count) => {
    expect(plainDocument(document)).toHaveLength(count);
    expect(plainDocument(document)).toEqual(parseTasksDocument(document, 'f'));
  });

  it.each([
    '',
    '5',
    '"a"',
    '{"tasks": ["a"]}',
    '["a", 5]',
    '[" "]',
    '[[]]',
    '[["", "a"]]',
    '["a"',
    '[{"command": "a", "id": "x"}, {"command": "a", "id": "x"}]',
    '["a", {"command": "a", "id": "1"}]',
    '[{"command": "a", "__proto__": "b"}]',
  ])('are not seen in %s', (document) => expect(plainDocument(document)).toBeUndefined());
});
