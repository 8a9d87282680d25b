import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeBytes } from '../../src/protocol/bytes.ts';
import { type NdjsonBatch, NdjsonTasks } from '../../src/protocol/ndjson-tasks.ts';

/** All that comes of the chunks: the names in order, and the message of the error that ended it. */
const readAll = (chunks: readonly (string | Uint8Array)[], file = 'tasks.ndjson') => {
  const reader = new NdjsonTasks(file);
  const batches: NdjsonBatch[] = chunks.map((chunk) =>
    reader.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk),
  );
  batches.push(reader.end());
  const errors = batches.flatMap(({ error }) => (error === undefined ? [] : [error]));
  expect(errors.length).toBeLessThanOrEqual(1);
  return { tasks: batches.flatMap(({ tasks }) => tasks), error: errors[0] };
};

const namesOf = (chunks: readonly (string | Uint8Array)[]): string[] => {
  const { tasks, error } = readAll(chunks);
  expect(error).toBeUndefined();
  return tasks.map(({ name }) => name);
};

describe('tasks that come one a line', () => {
  it('are a shell line, a program with arguments, or an object', () => {
    expect(readAll(['"echo hi"\n["echo","b"]\n{"id":"x","command":"c","timeout":"2s"}\n']).tasks).toStrictEqual([
      { seq: 1, id: '1', name: 'echo hi', command: { kind: 'shell', line: 'echo hi' } },
      { seq: 2, id: '2', name: 'echo b', command: { kind: 'argv', argv: ['echo', 'b'] } },
      { seq: 3, id: 'x', name: 'c', command: { kind: 'shell', line: 'c' }, timeoutMs: 2_000 },
    ]);
  });

  it('come as soon as their line has ended', () => {
    const reader = new NdjsonTasks('f');
    expect(reader.push(Buffer.from('"a"\n"b')).tasks.map(({ name }) => name)).toEqual(['a']);
    expect(reader.push(Buffer.from('c"')).tasks).toEqual([]);
    expect(reader.push(Buffer.from('\n')).tasks.map(({ name }) => name)).toEqual(['bc']);
  });

  it('may have CRLF, a byte order mark at the start, blank lines, and no newline at the end', () => {
    expect(namesOf(['\ufeff"a"\r\n\r\n  \t\n\n"b"\r\n"c"'])).toEqual(['a', 'b', 'c']);
    expect(namesOf([Uint8Array.of(0xef), Uint8Array.of(0xbb, 0xbf, 0x22, 0x61, 0x22)])).toEqual(['a']);
  });

  it.each([[[]], [['']], [['\ufeff']], [['\n \r\n']], [['\ufeff\n']]])('are none in %j', (chunks) => {
    expect(namesOf(chunks)).toEqual([]);
  });

  it('are numbered without the blank lines', () => {
    expect(readAll(['\n"a"\n\n"b"\n']).tasks.map(({ seq, id }) => [seq, id])).toEqual([
      [1, '1'],
      [2, '2'],
    ]);
  });

  it('are the same wherever the chunks are cut, in a character too', () => {
    const lines = fc.array(fc.string({ unit: 'binary', minLength: 1 }).map((text) => `x${text}`));
    fc.assert(
      fc.property(lines, fc.array(fc.nat()), fc.constantFrom('\n', '\r\n'), (texts, cuts, newline) => {
        const bytes = Buffer.from(texts.map((text) => JSON.stringify([text]) + newline).join(''));
        const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
        const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
        expect(readAll(chunks)).toStrictEqual(readAll([bytes]));
        expect(readAll(chunks).tasks.map(({ command }) => command)).toEqual(
          texts.map((text) => ({ kind: 'argv', argv: [text] })),
        );
      }),
    );
  });

  it('do not change when the chunk they came in is used again', () => {
    const reader = new NdjsonTasks('f');
    const chunk = Buffer.from('"abc');
    reader.push(chunk);
    chunk.fill(0);
    expect(reader.push(Buffer.from('"\n')).tasks[0]?.name).toBe('abc');
  });

  it('carry bytes that are not UTF-8', () => {
    const { tasks } = readAll([Buffer.from('["cat","caf\xe9"]\n', 'latin1')]);
    const command = tasks[0]?.command;
    expect(encodeBytes(command?.kind === 'argv' ? (command.argv[1] ?? '') : '').toString('latin1')).toBe('caf\xe9');
  });

  it('may have lines of megabytes, in small chunks', () => {
    const text = 'x'.repeat(20_000_000);
    const bytes = Buffer.from(`["a","${text}"]\n"b"\n`);
    const chunks = Array.from({ length: Math.ceil(bytes.length / 4096) }, (_, index) =>
      bytes.subarray(index * 4096, (index + 1) * 4096),
    );
    expect(
      readAll(chunks).tasks.map(({ command }) => {
        if (command.kind === 'argv') return command.argv[1]?.length;
        return command.kind === 'shell' ? command.line : undefined;
      }),
    ).toEqual([text.length, 'b']);
  });
});

describe('a line that is wrong', () => {
  it.each([
    ['"a"\n\n{"command":"b","timeout":"soon"}\n"c"\n', 3, 'timeout: expected a duration such as "30s", got "soon"'],
    ['{"comand":"b"}', 1, 'comand: unknown key; did you mean "command"?'],
    ['["a"]\n["",""]', 2, '[0]: expected a program name, got ""'],
    ['""\n', 1, 'expected a command, got ""'],
    ['"a"\nnope\n', 2, 'not JSON at column 1: expected a value, got "nope"'],
    ['"a" "b"\n', 1, 'not JSON at column 5: unexpected text after the task'],
    ['"a"\n{"command":\n"b"}\n', 2, 'not JSON: unexpected end of the line'],
    ['"a"\n{"command": "b', 2, 'not JSON: unexpected end of the input'],
    ['"a"\n"b', 2, 'not JSON: unexpected end of the input'],
    ['\n{"id":"a","command":"x"}\n\n{"id":"a","command":"x"}', 4, 'id: "a" is already the id of line 2'],
    ['\n"a"\n{"id":1,"command":"x"}', 3, 'id: "1" is already the id of task 1'],
    ['{"id":"2","command":"x"}\n"b"', 2, 'its default id "2" is already the id of line 1'],
    ['"a"\n\ufeff"b"\n', 2, 'not JSON at column 1: expected a value, got "\\ufeff"'],
    ['"a\0"\n', 1, 'not JSON at column 3: a string may not hold a raw "\\u0000"'],
  ])('is told with its number: %j', (text, line, message) => {
    expect(readAll([text]).error).toMatchObject({ code: 'ERR_TASKS', message: `tasks.ndjson:${line}: ${message}` });
  });

  it('does not lose the tasks before it, nor read what comes after it', () => {
    const reader = new NdjsonTasks('f');
    const batch = reader.push(Buffer.from('"a"\n"b"\nnope\n"c"\n'));
    expect(batch.tasks.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(batch.error?.message).toMatch(/^f:3: not JSON/);
    expect(reader.push(Buffer.from('"d"\n'))).toEqual({ tasks: [] });
    expect(reader.end()).toEqual({ tasks: [] });
  });

  it('has the way out when it is part of a whole document', () => {
    expect(readAll(['{\n  "command": "a"\n}\n']).error?.hint).toBe(
      'NDJSON has one whole task a line; a document is an array, or { "tasks": […] }',
    );
    expect(readAll(['{ "tasks": [] }\n']).error?.hint).toBe('if it is one JSON document, say --format json');
  });

  it('is refused when it is longer than 64 MiB, in one chunk or in many', () => {
    const mebibyte = Buffer.alloc(1024 * 1024, 'x');
    const message = 'tasks.ndjson:2: the line is longer than 64 MiB';
    const many = readAll(['"a"\n"', ...Array.from({ length: 70 }, () => mebibyte), '"\n"b"\n']);
    expect(many.error?.message).toBe(message);
    expect(many.tasks).toHaveLength(1);
    expect(
      readAll([Buffer.concat([Buffer.from('"a"\n'), Buffer.alloc(65 * 1024 * 1024, 'x'), Buffer.from('\n')])]).error
        ?.message,
    ).toBe(message);
  });

  it('never puts a control character of the file name into the message', () => {
    expect(readAll(['5'], 'a\x1bb\n').error?.message).toMatch(/^a\\u001bb\\n:1: expected a command line/);
  });

  it('never makes the reader throw', () => {
    const part = fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc
        .constantFrom('"a"\n', '{"command":', '["b"', ']\n', '}', '\n', '\r\n', '{"id":1,"command":"x"}\n')
        .map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(fc.array(part), (chunks) => {
        const { tasks, error } = readAll(chunks);
        expect(tasks.map(({ seq }) => seq)).toEqual(tasks.map((_, index) => index + 1));
        expect(error?.message ?? '').not.toMatch(/[\p{Cc}\p{Cs}]/u);
      }),
    );
  });
});
