import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TaskSpec } from '../../src/core/pool/task.ts';
import { ProcctlError } from '../../src/errors.ts';
import { decodeBytes, encodeBytes } from '../../src/protocol/bytes.ts';
import { detectFormat } from '../../src/protocol/document-head.ts';
import { parseTasksDocument } from '../../src/protocol/tasks-document.ts';

const parse = (document: unknown): readonly TaskSpec[] => parseTasksDocument(JSON.stringify(document), 'tasks.json');

const refusalOf = (text: string, file = 'tasks.json'): ProcctlError => {
  try {
    parseTasksDocument(text, file);
  } catch (error) {
    if (error instanceof ProcctlError) return error;
    throw error;
  }
  throw new Error('was not refused');
};

/** The message for a task that stands fourth in `{ "tasks" }`. */
const refusalOfTask = (task: unknown): string => {
  const error = refusalOf(JSON.stringify({ tasks: ['a', 'b', 'c', task] }));
  expect(error.code).toBe('ERR_TASKS');
  return error.message;
};

describe('a tasks document', () => {
  it('is an array whose tasks are a shell line, a program with arguments, or an object', () => {
    expect(parse(['echo hi | wc', ['gzip', '-9', 'a b'], { command: ['true', ''] }])).toStrictEqual([
      { seq: 1, id: '1', name: 'echo hi | wc', command: { kind: 'shell', line: 'echo hi | wc' } },
      { seq: 2, id: '2', name: "gzip -9 'a b'", command: { kind: 'argv', argv: ['gzip', '-9', 'a b'] } },
      { seq: 3, id: '3', name: "true ''", command: { kind: 'argv', argv: ['true', ''] } },
    ]);
  });

  it('carries every field of a task', () => {
    const task = { id: 7, name: 'n', command: 'c', cwd: '/tmp', stdin: '', timeout: '1.5s', retries: 0 };
    expect(parse([task])).toStrictEqual([
      {
        seq: 1,
        id: '7',
        name: 'n',
        command: { kind: 'shell', line: 'c' },
        cwd: '/tmp',
        stdin: '',
        timeoutMs: 1_500,
        retries: 0,
      },
    ]);
    expect(parse([{ command: 'c', timeout: 0 }])[0]?.timeoutMs).toBe(0);
  });

  it('is an object with tasks, defaults and a schema that is ignored', () => {
    const [first, second] = parse({
      $schema: 'https://example.com/tasks.schema.json',
      defaults: { cwd: '/d', env: { A: 'default', B: 'default', C: null }, stdin: 'd', timeout: 2, retries: 3 },
      tasks: ['a', { command: 'b', cwd: '/t', env: { B: null, C: 'task' }, stdin: '', timeout: '1m', retries: 0 }],
    });
    expect(first).toMatchObject({ cwd: '/d', stdin: 'd', timeoutMs: 2_000, retries: 3 });
    expect({ ...first?.env }).toEqual({ A: 'default', B: 'default', C: null });
    expect(second).toMatchObject({ cwd: '/t', stdin: '', timeoutMs: 60_000, retries: 0 });
    expect({ ...second?.env }).toEqual({ A: 'default', B: null, C: 'task' });
  });

  it.each(['', ' \r\n\t', '\ufeff', '\ufeff \n', '[]', ' [ ]\n', '{ "tasks": [] }'])('holds no tasks as %j', (text) => {
    expect(parseTasksDocument(text, 'f')).toEqual([]);
  });

  it('may begin with a byte order mark and end its lines with CRLF', () => {
    expect(parseTasksDocument('\ufeff[\r\n  "a",\r\n  "b"\r\n]\r\n', 'f').map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('may say the same command twice, and hold NUL bytes that only fail when they are run', () => {
    expect(parse(['a', 'a'])).toHaveLength(2);
    expect(parse([['printf', 'a\0b']])[0]?.command).toEqual({ kind: 'argv', argv: ['printf', 'a\0b'] });
  });

  it('may hold 100 000 tasks with ids and defaults', () => {
    const tasks = Array.from({ length: 100_000 }, (_, index) => ({
      id: `task-${index}`,
      command: ['echo', `${index}`],
    }));
    const text = JSON.stringify({ defaults: { env: { A: 'a' } }, tasks });
    expect(parseTasksDocument(text, 'f')).toHaveLength(100_000);
  });
});

describe('the id of a task', () => {
  it('is its position unless it has one, as text', () => {
    expect(
      parse([{ id: 'x', command: 'a' }, 'b', { id: -3, command: 'c' }, { id: '  ', command: 'd' }]).map(({ id }) => id),
    ).toEqual(['x', '2', '-3', '  ']);
  });

  it.each([
    [
      { id: 'a', command: 'x' },
      { id: 'b', command: 'x' },
      { id: 'a', command: 'x' },
      '[2].id: "a" is already the id of [0]',
    ],
    [{ id: '7', command: 'x' }, 'b', { id: 7, command: 'x' }, '[2].id: "7" is already the id of [0]'],
    ['a', 'b', { id: 2, command: 'x' }, '[2].id: "2" is already the id of [1]'],
    [{ id: '3', command: 'x' }, 'b', 'c', '[2]: its default id "3" is already the id of [0]'],
  ])('is not given twice: %j %j %j', (first, second, third, message) => {
    expect(refusalOf(JSON.stringify([first, second, third])).message).toBe(`tasks.json: ${message}`);
  });

  it('may be the position of another task that has an id of its own', () => {
    const ids = parse([
      { id: '2', command: 'x' },
      { id: '1', command: 'x' },
      { id: '02', command: 'x' },
    ]).map(({ id }) => id);
    expect(ids).toEqual(['2', '1', '02']);
  });

  it('names the place of the task that has it', () => {
    const tasks = ['a', { id: 'a', command: 'x' }, 'b', 'c', { id: 'a', command: 'x' }];
    expect(refusalOf(JSON.stringify({ tasks })).message).toBe(
      'tasks.json: tasks[4].id: "a" is already the id of tasks[1]',
    );
  });

  it('is unique, or the document is refused', () => {
    const id = fc.oneof(fc.constantFrom('a', '__proto__', 'constructor'), fc.integer({ min: 0, max: 6 }).map(String));
    const task = fc.oneof(fc.constant('x'), fc.record({ id, command: fc.constant('x') }));
    fc.assert(
      fc.property(fc.array(task, { maxLength: 6 }), (tasks) => {
        const ids = tasks.map((written, index) => (typeof written === 'string' ? String(index + 1) : written.id));
        const isUnique = new Set(ids).size === ids.length;
        if (isUnique) expect(parse(tasks).map(({ id }) => id)).toEqual(ids);
        else expect(refusalOf(JSON.stringify(tasks)).message).toMatch(/is already the id of \[\d\]$/);
      }),
    );
  });
});

describe('the name of a task', () => {
  const nameOf = (command: unknown): string | undefined => parse([command])[0]?.name;

  it('quotes arguments only where a shell would need it', () => {
    expect(nameOf(['a', '', 'b c', "it's", '$x', 'ü.log', '-x=1', '{}', 'a\\b'])).toBe(
      `a '' 'b c' 'it'\\''s' '$x' ü.log -x=1 '{}' 'a\\b'`,
    );
  });

  it('is one line, without control characters, whatever the command holds', () => {
    expect(nameOf('  a\n\tb \x1b[2J\x9b ')).toBe('a\\n\\tb \\u001b[2J\\u009b');
    expect(nameOf(['a', 'x\ny'])).toBe("a 'x\\ny'");
    expect(parseTasksDocument('["a \udcff \u202e"]', 'f')[0]?.name).toBe('a \\xff \\u202e');
  });

  it('is at most 80 characters, and quick to make from megabytes', () => {
    expect(nameOf('x'.repeat(80))).toBe('x'.repeat(80));
    expect(nameOf('x'.repeat(81))).toBe(`${'x'.repeat(79)}…`);
    expect(nameOf(`${'x'.repeat(78)}😀😀`)).toBe(`${'x'.repeat(78)}…`);
    expect(nameOf(['echo', '\n'.repeat(10_000_000)])).toHaveLength(80);
    expect(nameOf('\n'.repeat(1_000_000).concat('x'))).toBe('x');
  });

  it('is never too long nor unprintable', () => {
    const argv = fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }).filter(([program]) => program !== '');
    fc.assert(
      fc.property(argv, (words) => {
        const name = nameOf(words) as string;
        expect(name.length).toBeLessThanOrEqual(80);
        expect(name).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });

  it('is what the task says, when it says one', () => {
    expect(parse([{ name: 'build', command: 'make' }])[0]?.name).toBe('build');
  });
});

describe('a task that is wrong', () => {
  it.each([
    [{ command: 'a', timeout: 'soon' }, 'tasks[3].timeout: expected a duration such as "30s", got "soon"'],
    [{ command: 'a', timeout: -1 }, 'tasks[3].timeout: expected a duration such as "30s", got -1'],
    [{ command: 'a', timeout: null }, 'tasks[3].timeout: expected a duration such as "30s", got null'],
    [{ command: 'a', timeout: [30] }, 'tasks[3].timeout: expected a duration such as "30s", got an array'],
    [{ comand: 'a' }, 'tasks[3].comand: unknown key; did you mean "command"?'],
    [{ cmd: 'a' }, 'tasks[3].cmd: unknown key; did you mean "command"?'],
    [{ command: 'a', retry: 1 }, 'tasks[3].retry: unknown key; did you mean "retries"?'],
    [
      { command: 'a', colour: 1 },
      'tasks[3].colour: unknown key; known are id, name, needs, command, cwd, env, stdin, timeout, retries, retryDelay, priority',
    ],
    [{ command: 'a', 'odd\nkey': 1 }, /^tasks\[3\]\["odd\\nkey"\]: unknown key; known are id, /],
    [{}, /^tasks\[3\]\.command: missing; expected a command line such as "gzip a\.log" or an array such as /],
    [{ command: 5 }, /^tasks\[3\]\.command: expected a command line .*, got 5$/],
    [{ command: {} }, /^tasks\[3\]\.command: expected a command line .*, got \{\}$/],
    [{ command: '' }, 'tasks[3].command: expected a command, got ""'],
    [{ command: ' \n' }, 'tasks[3].command: expected a command, got " \\n"'],
    [{ command: [] }, 'tasks[3].command: expected a program name, got []'],
    [{ command: ['', 'a'] }, 'tasks[3].command[0]: expected a program name, got ""'],
    [{ command: ['a', 1] }, 'tasks[3].command[1]: expected a string, got 1'],
    [{ command: ['a', null] }, 'tasks[3].command[1]: expected a string, got null'],
    ['', 'tasks[3]: expected a command, got ""'],
    ['  ', 'tasks[3]: expected a command, got "  "'],
    [[], 'tasks[3]: expected a program name, got []'],
    [[''], 'tasks[3][0]: expected a program name, got ""'],
    [['a', ['b']], 'tasks[3][1]: expected a string, got an array'],
    [null, /^tasks\[3\]: expected a command line .* or an object, got null$/],
    [5, /^tasks\[3\]: expected a command line .* or an object, got 5$/],
    [{ command: 'a', id: '' }, 'tasks[3].id: expected a non-empty string or a whole number, got ""'],
    [{ command: 'a', id: 1.5 }, 'tasks[3].id: expected a non-empty string or a whole number, got 1.5'],
    [
      { command: 'a', id: 2 ** 60 },
      /^tasks\[3\]\.id: expected a non-empty string or a whole number, got 1152921504606847000/,
    ],
    [{ command: 'a', id: true }, 'tasks[3].id: expected a non-empty string or a whole number, got true'],
    [{ command: 'a', name: 1 }, 'tasks[3].name: expected a string, got 1'],
    [{ command: 'a', cwd: '' }, 'tasks[3].cwd: expected a non-empty string, got ""'],
    [{ command: 'a', cwd: null }, 'tasks[3].cwd: expected a non-empty string, got null'],
    [{ command: 'a', stdin: 1 }, 'tasks[3].stdin: expected a string, got 1'],
    [{ command: 'a', retries: -1 }, 'tasks[3].retries: expected a whole number from 0 to 1000000, got -1'],
    [{ command: 'a', retries: 1.5 }, 'tasks[3].retries: expected a whole number from 0 to 1000000, got 1.5'],
    [
      { command: 'a', retries: 1e20 },
      'tasks[3].retries: expected a whole number from 0 to 1000000, got 100000000000000000000',
    ],
    [{ command: 'a', retries: '3' }, 'tasks[3].retries: expected a whole number from 0 to 1000000, got "3"'],
    [{ command: 'a', env: [] }, 'tasks[3].env: expected an object of variables, got []'],
    [
      { command: 'a', env: { PORT: 80 } },
      'tasks[3].env.PORT: expected a string, or null to remove the variable, got 80',
    ],
    [{ command: 'a', env: { '': 'x' } }, 'tasks[3].env[""]: the name of a variable must not be empty nor hold a "="'],
    [
      { command: 'a', env: { 'a=b': 'x' } },
      'tasks[3].env["a=b"]: the name of a variable must not be empty nor hold a "="',
    ],
    [{ command: 'a', stdin: 1, timeout: `${'9'.repeat(60)}"` }, 'tasks[3].stdin: expected a string, got 1'],
    [
      { command: 'a', timeout: 'very '.repeat(20) },
      'tasks[3].timeout: expected a duration such as "30s", got "very very very very very very very very…"',
    ],
  ])('is refused in one line: %j', (task, message) => {
    const given = refusalOfTask(task);
    expect(given).toMatch(/^tasks\.json: /);
    if (typeof message === 'string') expect(given).toBe(`tasks.json: ${message}`);
    else expect(given.slice('tasks.json: '.length)).toMatch(message);
  });

  it('is named by its index alone in a bare array', () => {
    expect(refusalOf('["a", { "command": "b", "timeout": "soon" }]').message).toBe(
      'tasks.json: [1].timeout: expected a duration such as "30s", got "soon"',
    );
  });

  it('gives a huge number back as it was understood', () => {
    expect(refusalOf('[{ "command": "a", "timeout": 1e400 }]').message).toMatch(/got Infinity$/);
    expect(refusalOf('[{ "command": "a", "retries": 1e400 }]').message).toMatch(/got Infinity$/);
  });

  it('never puts a raw control character into a message, nor a second line', () => {
    const hostile = fc.string({ unit: 'binary', minLength: 1 });
    fc.assert(
      fc.property(hostile, hostile, fc.jsonValue(), (file, key, value) => {
        const { message } = refusalOf(JSON.stringify([{ command: 'a', [`${key}!`]: value, timeout: key }]), file);
        expect(message).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
    expect(refusalOf('[5]', 'a\x1b[2J\nb').message).toMatch(/^a\\u001b\[2J\\nb: \[0\]: /);
  });
});

describe('a document that is wrong', () => {
  it.each([
    ['5', 'tasks.json: expected an array of tasks or an object with "tasks", got 5'],
    ['"a"', 'tasks.json: expected an array of tasks or an object with "tasks", got "a"'],
    ['null', 'tasks.json: expected an array of tasks or an object with "tasks", got null'],
    ['{}', 'tasks.json: tasks: missing; expected an array of tasks'],
    ['{ "tasks": {} }', 'tasks.json: tasks: expected an array of tasks, got {}'],
    ['{ "task": [] }', 'tasks.json: task: unknown key; did you mean "tasks"?'],
    ['{ "tasks": [], "default": {} }', 'tasks.json: default: unknown key; did you mean "defaults"?'],
    ['{ "tasks": [], "$schema": 1 }', 'tasks.json: $schema: expected a string, got 1'],
    ['{ "tasks": [], "defaults": [] }', 'tasks.json: defaults: expected an object, got []'],
    [
      '{ "tasks": [], "defaults": { "timeot": 1 } }',
      'tasks.json: defaults.timeot: unknown key; did you mean "timeout"?',
    ],
    [
      '{ "tasks": [], "defaults": { "timeout": "x" } }',
      'tasks.json: defaults.timeout: expected a duration such as "30s", got "x"',
    ],
    [
      '{ "tasks": [], "defaults": { "command": "x" } }',
      /^tasks\.json: defaults\.command: unknown key; known are cwd, env/,
    ],
    ['{ "tasks": [], "__proto__": 1 }', /^tasks\.json: __proto__: unknown key/],
  ])('is refused in one line: %s', (text, message) => {
    const error = refusalOf(text);
    expect(error.code).toBe('ERR_TASKS');
    if (typeof message === 'string') expect(error.message).toBe(message);
    else expect(error.message).toMatch(message);
  });

  it.each([
    ['[\n  "a"\n', '2:6: not JSON: unexpected end of the document'],
    ['[{ "command": "a', '1:17: not JSON: unexpected end of the document'],
    ['["\\u12', '1:7: not JSON: unexpected end of the document'],
    ['[tr', '1:4: not JSON: unexpected end of the document'],
    ['[\n  "a",\r\n  b\n]', '3:3: not JSON: expected a value, got "b"'],
    ['["a",]', '1:6: not JSON: expected a value, got "]"'],
    ['["a" "b"]', '1:6: not JSON: expected "," or "]", got "\\""'],
    ['{ "tasks" = [] }', '1:11: not JSON: expected ":", got "="'],
    ['{ "tasks": [], }', '1:16: not JSON: expected a key in double quotes, got "}"'],
    ['{ tasks: [] }', '1:3: not JSON: expected a key in double quotes or "}", got "tasks"'],
    ["['a']", `1:2: not JSON: expected a value, got "'"`],
    ['["a\nb"]', '1:4: not JSON: a string may not hold a raw "\\n"'],
    ['["a\\x"]', '1:4: not JSON: unknown escape "\\\\x" in a string'],
    ['["\\u12g4"]', '1:3: not JSON: unknown escape "\\\\u" in a string'],
    ['[01]', '1:2: not JSON: expected a value, got "01"'],
    ['[NaN]', '1:2: not JSON: expected a value, got "NaN"'],
    ['["a"]]', '1:6: not JSON: unexpected text after the end of the document'],
    ['[}', '1:2: not JSON: expected a value, got "}"'],
    ['[1}', '1:3: not JSON: expected "," or "]", got "}"'],
    ['// tasks\n[]', '1:1: not JSON: expected a value, got "/"'],
    ['\ufeff[b]', '1:2: not JSON: expected a value, got "b"'],
    ['[\u00a0]', '1:2: not JSON: expected a value, got "\u00a0"'],
    ['[\x1b]', '1:2: not JSON: expected a value, got "\\u001b"'],
  ])('says where it is no JSON: %j', (text, message) => {
    expect(refusalOf(text)).toMatchObject({ code: 'ERR_TASKS', message: `tasks.json:${message}`, hint: undefined });
  });

  it('says how to read it when it holds one task a line', () => {
    const error = refusalOf('["echo", "a"]\n["echo", "b"]\n');
    expect(error.message).toBe('tasks.json:2:1: not JSON: unexpected text after the end of the document');
    expect(error.hint).toBe('if it holds one task a line, say --format ndjson');
  });

  it('is always placed, for any damage to any document', () => {
    const damage = fc.record({ at: fc.nat(), length: fc.nat(3), text: fc.string({ unit: 'binary', maxLength: 3 }) });
    fc.assert(
      fc.property(fc.json(), damage, (json, { at, length, text }) => {
        const start = at % (json.length + 1);
        const damaged = `[${json.slice(0, start)}${text}${json.slice(start + length)}]`;
        try {
          JSON.parse(damaged);
        } catch {
          expect(refusalOf(damaged).message).toMatch(
            /^tasks\.json:\d+:\d+: not JSON: (?:unexpected (?:end|text after the end) of the document|expected .*, got "|a string may not hold a raw "|unknown escape ")/,
          );
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('hostile input', () => {
  it('may be nested as deep as it likes', () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    expect(refusalOf(`[{ "command": ["a", ${deep}] }]`).message).toBe(
      'tasks.json: [0].command[1]: expected a string, got an array',
    );
    expect(refusalOf(`[{ "command": "a", "x": ${deep} }]`).message).toMatch(/^tasks\.json: \[0\]\.x: unknown key/);
    expect(refusalOf(deep).message).toBe('tasks.json: [0][0]: expected a string, got an array');
    expect(refusalOf('['.repeat(200_000)).message).toBe(
      'tasks.json:1:200001: not JSON: unexpected end of the document',
    );
    expect(refusalOf('{"a":'.repeat(200_000)).message).toMatch(/not JSON: unexpected end of the document$/);
  });

  it('cannot smuggle anything in through __proto__', () => {
    const text = '[{ "command": "a", "env": { "__proto__": "x", "constructor": null } }]';
    const env = parseTasksDocument(text, 'f')[0]?.env ?? {};
    expect(Object.entries(env)).toEqual([
      ['__proto__', 'x'],
      ['constructor', null],
    ]);
    expect('toString' in env).toBe(false);
    expect(refusalOf('[{ "__proto__": { "command": "a" } }]').message).toMatch(
      /^tasks\.json: \[0\]\.__proto__: unknown key/,
    );
  });

  it('keeps a variable named __proto__ when defaults are merged', () => {
    const text =
      '{ "defaults": { "env": { "__proto__": "d", "A": "d" } }, "tasks": [{ "command": "a", "env": { "__proto__": null } }] }';
    expect(Object.entries(parseTasksDocument(text, 'f')[0]?.env ?? {})).toEqual([
      ['__proto__', null],
      ['A', 'd'],
    ]);
  });

  it('carries bytes that are not UTF-8 from the file to an argument unchanged', () => {
    const bytes = Buffer.concat([Buffer.from('[["cat", "caf'), Buffer.from([0xe9, 0xff]), Buffer.from('.txt"]]')]);
    const command = parseTasksDocument(decodeBytes(bytes), 'f')[0]?.command;
    const argument = command?.kind === 'argv' ? (command.argv[1] ?? '') : '';
    expect(encodeBytes(argument).toString('latin1')).toBe('caf\xe9\xff.txt');
  });

  it('may hold lone surrogates', () => {
    expect(parseTasksDocument('[["a", "\\ud800", "\\udcff"]]', 'f')[0]?.name).toBe('a \\ud800 \\xff');
  });
});

describe('the format of a text', () => {
  it.each([
    ['', 'undecided'],
    ['\ufeff', 'undecided'],
    [' \r\n\t', 'undecided'],
    ['{', 'undecided'],
    ['\ufeff {\n  ', 'undecided'],
    ['{ "ta', 'undecided'],
    ['{ "tasks', 'undecided'],
    ['{"$', 'undecided'],
    ['[', 'json'],
    ['\ufeff\n [', 'json'],
    ['["echo", "a"]\n["echo", "b"]', 'json'],
    ['{ "tasks"', 'json'],
    ['{\n\t"defaults": {', 'json'],
    ['{"$schema": "x"', 'json'],
    ['{}', 'ndjson'],
    ['{"command"', 'ndjson'],
    ['{ "c', 'ndjson'],
    ['{ "task"', 'ndjson'],
    ['"echo hi"', 'ndjson'],
    ['echo hi', 'ndjson'],
    ['5', 'ndjson'],
  ])('of %j is %s', (head, format) => expect(detectFormat(head)).toBe(format));

  it('never changes once it is told, however much more is read', () => {
    const beginning = fc
      .array(fc.constantFrom(' ', '\n', '[', '{', '"tasks"', '"defaults"', '"$sch', '"command"', '"ta', 'x'))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(beginning, fc.nat(30), (text, length) => {
        const early = detectFormat(text.slice(0, length));
        if (early !== 'undecided') expect(detectFormat(text)).toBe(early);
      }),
    );
  });
});
