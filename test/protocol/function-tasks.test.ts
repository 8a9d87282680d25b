import { describe, expect, it } from 'vitest';
import { nameOfCommand } from '../../src/protocol/command-name.ts';
import { jsonResult } from '../../src/protocol/json-result.ts';
import { NdjsonTasks } from '../../src/protocol/ndjson-tasks.ts';
import { recordLine } from '../../src/protocol/task-record.ts';
import { parseTasksDocument } from '../../src/protocol/tasks-document.ts';

const parse = (document: unknown) => parseTasksDocument(JSON.stringify(document), 'tasks.json');

const refusalOf = (document: unknown): string => {
  try {
    parse(document);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('was not refused');
};

const MODULE = './resize.js';

describe('a task with a module', () => {
  it('is a call of the default export without arguments, unless it says more', () => {
    expect(parse([{ module: MODULE }])).toStrictEqual([
      {
        seq: 1,
        id: '1',
        name: './resize.js()',
        command: { kind: 'function', module: MODULE, exportName: 'default', args: [] },
      },
    ]);
    const task = { id: 7, name: 'n', module: MODULE, export: 'resize', args: ['a', 1], kwargs: { fast: true } };
    expect(parse([{ ...task, timeout: '1s', retries: 2 }])).toStrictEqual([
      {
        seq: 1,
        id: '7',
        name: 'n',
        command: { kind: 'function', module: MODULE, exportName: 'resize', args: ['a', 1, { fast: true }] },
        timeoutMs: 1000,
        retries: 2,
      },
    ]);
  });

  it('may stand in NDJSON, and under defaults that it can have', () => {
    const batch = new NdjsonTasks('f').push(Buffer.from(`{"module":"${MODULE}","args":[1]}\n`));
    expect(batch.tasks.map(({ name }) => name)).toEqual(['./resize.js(1)']);
    const [task] = parse({ defaults: { timeout: 3, retries: 1 }, tasks: [{ module: MODULE }] });
    expect(task).toMatchObject({ timeoutMs: 3000, retries: 1 });
  });

  it.each([
    [{ module: '' }, 'module: expected the path of a module such as "./resize.js", got ""'],
    [{ module: 7 }, 'module: expected the path of a module, got 7'],
    [{ module: MODULE, export: '' }, 'export: expected a non-empty string, got ""'],
    [{ module: MODULE, args: 'a' }, 'args: expected an array of arguments, got "a"'],
    [{ module: MODULE, args: { 0: 1 } }, 'args: expected an array of arguments, got an object'],
    [{ module: MODULE, kwargs: [1] }, 'kwargs: expected an object, got an array'],
    [{ module: MODULE, kwarg: {} }, 'kwarg: unknown key; did you mean "kwargs"?'],
    [
      { module: MODULE, size: 1 },
      'size: unknown key; known are id, name, needs, module, export, args, kwargs, timeout, retries, retryDelay, priority',
    ],
    [{ module: MODULE, command: 'a' }, 'module: a task has either a "module" or a "command"'],
    [{ module: MODULE, cwd: '/' }, 'cwd: "cwd" cannot be kept for a function: its worker is shared with other tasks'],
    [{ module: MODULE, env: {} }, 'env: "env" cannot be kept for a function: its worker is shared with other tasks'],
    [
      { module: MODULE, stdin: '' },
      'stdin: "stdin" cannot be kept for a function: its worker is shared with other tasks',
    ],
    [{ module: MODULE, retries: -1 }, /^retries: expected a whole number/],
    [{ modul: MODULE }, 'modul: unknown key; did you mean "module"?'],
    [{ command: 'a', export: 'b' }, 'export: goes with "module", not with "command"'],
    [{ command: 'a', kwargs: {} }, 'kwargs: goes with "module", not with "command"'],
    [{ command: 'a', args: [] }, 'args: unknown key; did you mean "command"?'],
  ])('that makes no sense is refused: %j', (task, message) => {
    const text = refusalOf([task]).replace('tasks.json: [0].', '');
    if (typeof message === 'string') expect(text).toBe(message);
    else expect(text).toMatch(message);
  });

  it.each(['cwd', 'env', 'stdin'])('is refused under a default %s', (key) => {
    const defaults = { [key]: key === 'env' ? { A: 'a' } : '/' };
    expect(refusalOf({ defaults, tasks: ['a', { module: MODULE }] })).toBe(
      `tasks.json: tasks[1].module: "${key}" of the defaults cannot be kept for a function: its worker is shared with other tasks`,
    );
  });
});

describe('the name of a call', () => {
  const name = (exportName: string, ...args: unknown[]) =>
    nameOfCommand({ kind: 'function', module: MODULE, exportName, args });

  it('is the export with its arguments and the module', () => {
    expect(name('resize', 'a b.png', 2, null, true, [1], { a: 1 })).toBe(
      'resize("a b.png", 2, null, true, […], {…}) of ./resize.js',
    );
    expect(name('default', 'x')).toBe('./resize.js("x")');
  });

  it('has 80 characters at most, in one line', () => {
    expect(name('resize', 'x'.repeat(1_000_000))).toHaveLength(80);
    expect(name('resize', ...Array.from({ length: 100_000 }, () => 'x'))).toHaveLength(80);
    expect(name('resize', 'a\nb\u001b[0m')).not.toMatch(/[\n\u001b]/);
  });
});

describe('a result', () => {
  it.each([
    [undefined, 'null'],
    [null, 'null'],
    [-0, '0'],
    ['a\n', '"a\\n"'],
    [{ a: undefined, b: [undefined] }, '{"b":[null]}'],
    [Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
    [[[], {}, false], '[[],{},false]'],
  ])('that JSON can carry is that JSON: %j', (value, json) => {
    expect(jsonResult(value)).toEqual({ json });
  });

  it('may hold the same object twice, but not itself', () => {
    const same = { a: 1 };
    expect(jsonResult([same, same])).toEqual({ json: '[{"a":1},{"a":1}]' });
    const cycle: unknown[] = [];
    cycle.push({ cycle });
    expect(jsonResult(cycle)).toEqual({ problem: 'result[0].cycle holds itself, which JSON cannot' });
  });

  it.each([
    [1n, 'result is a BigInt'],
    [{ 'odd\nkey': Number.POSITIVE_INFINITY }, 'result["odd\\nkey"] is Infinity'],
    [[new Set()], 'result[0] is a Set'],
    [/a/, 'result is a RegExp'],
    [new Uint8Array(1), 'result is a Uint8Array'],
    [new TypeError('a'), 'result is an Error'],
  ])('that it cannot carry is refused with its place: %s', (value, problem) => {
    expect(jsonResult(value)).toEqual({ problem: `${problem}, which JSON does not have` });
  });

  it('stands in the record as it is, before the output', () => {
    const record = {
      seq: 1,
      id: '1',
      name: 'n',
      state: 'succeeded',
      exitCode: null,
      signal: null,
      error: null,
      startedAt: null,
      endedAt: null,
      durationMs: null,
      attempts: 1,
      slot: 1,
      result: '{"a":[1]}',
    } as const;
    const lines = [
      Buffer.concat([...recordLine(record, null, null)]),
      Buffer.concat([...recordLine(record, { size: 0, chunks: () => [] }, { size: 0, chunks: () => [] })]),
    ].map((line) => JSON.parse(line.toString()));
    expect(lines.map(({ result, stdout }) => [result, stdout])).toEqual([
      [{ a: [1] }, null],
      [{ a: [1] }, ''],
    ]);
  });
});
