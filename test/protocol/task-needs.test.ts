import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TaskSpec } from '../../src/core/pool/task.ts';
import { ProcctlError } from '../../src/errors.ts';
import { NdjsonTasks } from '../../src/protocol/ndjson-tasks.ts';
import { parseTasksDocument } from '../../src/protocol/tasks-document.ts';

const parse = (tasks: readonly unknown[]): readonly TaskSpec[] =>
  parseTasksDocument(JSON.stringify({ tasks }), 'tasks.json');

const needsOf = (tasks: readonly TaskSpec[]) => tasks.map(({ needs }) => needs?.map(({ seq }) => seq));

const refusalOf = (read: () => unknown): string => {
  try {
    read();
  } catch (error) {
    if (error instanceof ProcctlError && error.code === 'ERR_TASKS') return error.message;
    throw error;
  }
  throw new Error('was not refused');
};

const task = (id: string, ...needs: unknown[]) => ({ id, command: 'c', needs });

const readLines = (...tasks: unknown[]) => {
  const lines = new NdjsonTasks('tasks.ndjson');
  return lines.push(Buffer.from(tasks.map((line) => `${JSON.stringify(line)}\n`).join('')));
};

describe('needs in a document', () => {
  it('name tasks before and behind, by their ids or, where those are not given, by their places', () => {
    const tasks = parse([task('a', 'c', 2), 'true', task('c', 2), { module: './m.js', needs: ['a', 'c'] }]);
    expect(needsOf(tasks)).toEqual([[3, 2], undefined, [2], [1, 3]]);
    expect(tasks[0]?.needs?.[0]).toEqual({ seq: 3, id: 'c' });
  });

  it('count once, however often they are written, and not at all if there are none', () => {
    expect(needsOf(parse([task('a', 'b', 'b', 'b'), task('b')]))).toEqual([[2], undefined]);
  });

  it('name a given id before a place', () => {
    expect(needsOf(parse([task('7', '2'), task('2'), task('x', '1')].slice(0, 2)))).toEqual([[2], undefined]);
    expect(refusalOf(() => parse([task('2'), task('x', '1'), 'true']))).toContain('no task has the id "1"');
  });

  it.each<[string, readonly unknown[], string]>([
    [
      'no task',
      [task('build'), task('b', 'build', 'biuld')],
      'tasks[1].needs[1]: no task has the id "biuld"; did you mean "build"?',
    ],
    ['a place behind the last', ['true', task('b', 9)], 'tasks[1].needs[0]: no task has the id "9"'],
    ['the task itself', [task('a'), task('b', 'a', 'b')], 'tasks[1].needs[1]: a task cannot need itself'],
    [
      'the task itself by its place',
      ['true', { command: 'c', needs: [2] }],
      'tasks[1].needs[0]: a task cannot need itself',
    ],
    [
      'a circle of two',
      [task('x'), task('a', 'x', 'b'), task('b', 'a')],
      'tasks[1].needs: no task of a circle can start: a needs b needs a',
    ],
    [
      'a circle behind others',
      [task('z', 'c'), task('c', 'a'), task('b', 'c'), task('a', 'b')],
      'tasks[1].needs: no task of a circle can start: c needs a needs b needs c',
    ],
    ['a circle of odd ids', [task('a b', '\n'), task('\n', 'a b')], 'circle can start: "a b" needs "\\n" needs "a b"'],
    [
      'something that is no list',
      [{ command: 'c', needs: 'a' }],
      'tasks[0].needs: expected an array of ids of tasks, got "a"',
    ],
    [
      'something that is no id',
      [task('a', 1.5)],
      'tasks[0].needs[0]: expected a non-empty string or a whole number, got 1.5',
    ],
    [
      'a key of another name',
      [{ command: 'c', dependsOn: ['a'] }],
      'tasks[0].dependsOn: unknown key; did you mean "needs"?',
    ],
  ])('must not name %s', (_, tasks, message) => {
    expect(refusalOf(() => parse(tasks))).toContain(message);
  });

  it('show no more of a long circle than a line can hold', () => {
    const length = 5_000;
    const circle = Array.from({ length }, (_, at) => task(`t${at}`, `t${(at + 1) % length}`));
    const message = refusalOf(() => parse(circle));
    expect(message).toMatch(/: t0 needs t1 needs .* needs t11 needs … \(4988 more\) … needs t0$/);
    expect(message.length).toBeLessThan(300);
  });

  it('may form a chain of 100 000, in either direction', () => {
    const length = 100_000;
    const back = Array.from({ length }, (_, at) => task(`t${at}`, ...(at === 0 ? [] : [`t${at - 1}`])));
    expect(parse(back)).toHaveLength(length);
    expect(parse(back.reverse())).toHaveLength(length);
  });

  it('are refused if and only if there is a circle, and then the circle is there', () => {
    const graph = fc.array(fc.array(fc.nat(7), { maxLength: 2 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(graph, (picks) => {
        const needs = picks.map((some, at) => some.map((pick) => pick % picks.length).filter((need) => need !== at));
        const reaches = (from: number, to: number, seen = new Set<number>()): boolean =>
          (needs[from] ?? []).some((next) => {
            if (next === to) return true;
            if (seen.has(next)) return false;
            return reaches(next, to, seen.add(next));
          });
        const isCyclic = needs.some((_, at) => reaches(at, at));
        const tasks = needs.map((some, at) => task(`t${at}`, ...some.map((need) => `t${need}`)));
        if (!isCyclic) {
          expect(needsOf(parse(tasks))).toEqual(
            needs.map((some) => (some.length === 0 ? undefined : [...new Set(some)].map((need) => need + 1))),
          );
          return;
        }
        const circle = (refusalOf(() => parse(tasks)).split('start: ')[1] ?? '')
          .split(' needs ')
          .map((id) => Number(id.slice(1)));
        expect(circle.length).toBeGreaterThan(2);
        expect(circle.at(-1)).toBe(circle[0]);
        expect(new Set(circle).size).toBe(circle.length - 1);
        for (const [index, at] of circle.slice(0, -1).entries()) expect(needs[at]).toContain(circle[index + 1]);
      }),
    );
  });
});

describe('needs in NDJSON', () => {
  it('name earlier lines, by id or place', () => {
    const { tasks, error } = readLines(task('a'), 'true', task('c', 'a', 2, 'a'));
    expect(error).toBeUndefined();
    expect(needsOf(tasks)).toEqual([undefined, undefined, [1, 2]]);
  });

  it.each([
    [
      'a later line',
      [task('a'), task('b', 'c'), task('c')],
      'tasks.ndjson:2: needs[0]: no earlier task has the id "c"',
    ],
    ['the line itself', ['true', { command: 'c', needs: [2] }], 'tasks.ndjson:2: needs[0]: a task cannot need itself'],
    ['the line itself by its id', [task('b', 'b')], 'tasks.ndjson:1: needs[0]: a task cannot need itself'],
  ])('must not name %s', (_, lines, message) => {
    const { tasks, error } = readLines(...lines);
    expect(error?.message).toBe(message);
    expect(tasks).toHaveLength(lines.findIndex((line) => typeof line === 'object' && line.needs.length > 0));
  });
});

describe('priority and retryDelay', () => {
  it('are keys of a task, of a function, and of the defaults', () => {
    const text = JSON.stringify({
      defaults: { priority: -1, retryDelay: 2 },
      tasks: ['a', { command: 'b', priority: 1.5, retryDelay: '100ms..1m' }, { module: 'm', priority: 0 }],
    });
    const [first, second, third] = parseTasksDocument(text, 'tasks.json');
    expect(first).toMatchObject({ priority: -1, retryDelay: { minMs: 2000, maxMs: 2000 } });
    expect(second).toMatchObject({ priority: 1.5, retryDelay: { minMs: 100, maxMs: 60_000 } });
    expect(third).toMatchObject({ priority: 0, retryDelay: { minMs: 2000, maxMs: 2000 } });
  });

  it.each([
    [{ priority: '1' }, 'tasks[0].priority: expected a number, got "1"'],
    [{ retryDelay: '1m..1s' }, 'tasks[0].retryDelay: the range "1m..1s" ends before it begins'],
    [
      { retryDelay: true },
      'tasks[0].retryDelay: expected a duration such as "5s", or a range such as "1s..1m", got true',
    ],
    [{ retryDelay: '1s..2s..' }, 'tasks[0].retryDelay: expected a range such as "1s..30s", got "1s..2s.."'],
  ])('%j is refused', (keys, message) => {
    expect(refusalOf(() => parse([{ command: 'c', ...keys }]))).toBe(`tasks.json: ${message}`);
  });

  it('has no priority that JSON writes as infinity', () => {
    const text = '[{ "command": "c", "priority": 1e999 }]';
    expect(refusalOf(() => parseTasksDocument(text, 'f'))).toBe('f: [0].priority: expected a number, got Infinity');
  });
});
