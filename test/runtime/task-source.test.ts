import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  constants,
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProcctlError } from '../../src/errors.ts';
import { encodeBytes } from '../../src/protocol/bytes.ts';
import { readTasks, type TaskSourceOptions } from '../../src/runtime/pool/task-source.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'procctl-task-source-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const fileWith = (name: string, content: string | Uint8Array): string => {
  const file = join(directory, name);
  writeFileSync(file, content);
  return file;
};

const fifo = (): string => {
  const file = join(directory, 'fifo');
  execFileSync('mkfifo', [file]);
  return file;
};

const read = (file: string, options: Partial<TaskSourceOptions> = {}) =>
  readTasks(file, { format: 'auto', stdin: () => Readable.from([]), ...options });

const readPiped = (chunks: readonly (string | Uint8Array)[], options: Partial<TaskSourceOptions> = {}) =>
  read('-', { stdin: () => Readable.from(chunks, { objectMode: true }), ...options });

/** The names of each batch, and the error it ended with, if it did. */
const collect = async (source: ReturnType<typeof readTasks>) => {
  const batches: string[][] = [];
  try {
    for await (const tasks of source) batches.push(tasks.map(({ name }) => name));
  } catch (error) {
    if (error instanceof ProcctlError) return { batches, error };
    throw error;
  }
  return { batches, error: undefined };
};

/** The names of the next batch; undefined when there is none. */
const nextNames = async (source: ReturnType<typeof readTasks>): Promise<string[] | undefined> => {
  const next = await source.next();
  return next.done ? undefined : next.value.map(({ name }) => name);
};

describe('a tasks file', () => {
  it('gives the tasks of a whole document in one batch', async () => {
    const file = fileWith('tasks.json', '{ "defaults": { "retries": 1 }, "tasks": ["a", "b"] }');
    expect(await collect(read(file))).toEqual({ batches: [['a', 'b']], error: undefined });
  });

  it('is checked to its end before any task of a document is given', async () => {
    const { batches, error } = await collect(read(fileWith('tasks.json', '["a", { "comand": "b" }]')));
    expect(batches).toEqual([]);
    expect(error?.message).toBe(`${directory}/tasks.json: [1].comand: unknown key; did you mean "command"?`);
  });

  it.each(['tasks.ndjson', 'tasks.jsonl', 'TASKS.JSONL'])(
    'named %s has one task a line, even if it begins like a document',
    async (name) => {
      expect((await collect(read(fileWith(name, '["a","b"]\n["c"]\n')))).batches).toEqual([['a b', 'c']]);
    },
  );

  it.each(['tasks.json', 'tasks', 'tasks.txt'])('named %s is told by how it begins', async (name) => {
    expect((await collect(read(fileWith(name, '{"command":"a"}\n"b"')))).batches.flat()).toEqual(['a', 'b']);
    expect((await collect(read(fileWith(name, '["a","b"]')))).batches).toEqual([['a', 'b']]);
  });

  it('is read as --format says, whatever its name and beginning', async () => {
    expect((await collect(read(fileWith('a.ndjson', '["a",\n"b"]'), { format: 'json' }))).batches).toEqual([
      ['a', 'b'],
    ]);
    expect((await collect(read(fileWith('a.json', '["a","b"]'), { format: 'ndjson' }))).batches).toEqual([['a b']]);
  });

  it.each(['', ' \n\n', '\ufeff', '[]'])('may hold no tasks: %j', async (content) => {
    for (const format of content === '[]' ? (['auto', 'json'] as const) : (['auto', 'json', 'ndjson'] as const)) {
      expect(await collect(read(fileWith('tasks', content), { format }))).toEqual({ batches: [], error: undefined });
    }
  });

  it('gives the good lines first, then says which one is bad', async () => {
    const { batches, error } = await collect(read(fileWith('tasks.ndjson', '"a"\n"b"\nnope\n"c"\n')));
    expect(batches).toEqual([['a', 'b']]);
    expect(error).toMatchObject({ code: 'ERR_TASKS', exitStatus: 2 });
    expect(error?.message).toBe(`${directory}/tasks.ndjson:3: not JSON at column 1: expected a value, got "nope"`);
  });

  it('may hold bytes that are not UTF-8, and they stay what they are', async () => {
    const file = fileWith('tasks.json', Buffer.from('[["cat", "caf\xe9"]]', 'latin1'));
    for await (const [task] of read(file)) {
      const argv = task?.command.kind === 'argv' ? task.command.argv : [];
      expect(encodeBytes(argv[1] ?? '').toString('latin1')).toBe('caf\xe9');
    }
  });

  it('may be large', async () => {
    const lines = Array.from({ length: 50_000 }, (_, index) => `["echo","${index}"]\n`);
    const { batches } = await collect(
      read(fileWith('tasks', lines.join('').replace('[', '\n{"command":["echo","0"]}\n['))),
    );
    expect(batches.length).toBeGreaterThan(1);
    expect(batches.flat()).toHaveLength(50_001);
  });
});

describe('a tasks file that cannot be read', () => {
  it('is missing', async () => {
    const { error } = await collect(read('no/such/tasks.json'));
    expect(error).toMatchObject({ code: 'ERR_INPUT', exitStatus: 2, message: 'no/such/tasks.json: no such file' });
    expect(error?.hint).toBe('give a tasks file, or - for standard input; a command to run stands behind --');
    expect(error?.cause).toMatchObject({ code: 'ENOENT' });
    expect((await collect(read(''))).error?.message).toBe('"": no such file');
    expect((await collect(read('a\x1b[2J\n'))).error?.message).toBe('a\\u001b[2J\\n: no such file');
  });

  it('is below a file', async () => {
    const file = join(fileWith('tasks.json', '[]'), 'x');
    expect((await collect(read(file))).error?.message).toBe(`${file}: no such file`);
  });

  it('is a directory', async () => {
    mkdirSync(join(directory, 'tasks.json'));
    const { error } = await collect(read(join(directory, 'tasks.json')));
    expect(error).toMatchObject({
      code: 'ERR_INPUT',
      message: `${directory}/tasks.json: is a directory, not a tasks file`,
    });
  });

  it.skipIf(process.getuid?.() === 0)('may not be read', async () => {
    const file = fileWith('tasks.json', '[]');
    chmodSync(file, 0);
    expect((await collect(read(file))).error).toMatchObject({
      code: 'ERR_INPUT',
      message: `${file}: permission denied`,
    });
  });

  it('has a name that is too long', async () => {
    const { error } = await collect(read('x'.repeat(5_000)));
    expect(error).toMatchObject({ code: 'ERR_INPUT' });
    expect(error?.message).toMatch(/x: cannot be read \(ENAMETOOLONG\)$/);
  });
});

describe('standard input', () => {
  it('is read for -, and has a name in messages', async () => {
    expect((await collect(readPiped(['["a"', ', "b"]']))).batches).toEqual([['a', 'b']]);
    expect((await collect(readPiped(['[5]']))).error?.message).toMatch(
      /^\(standard input\): \[0\]: expected a command line/,
    );
    expect((await collect(readPiped(['"a"\n5\n']))).error?.message).toMatch(
      /^\(standard input\):2: expected a command line/,
    );
  });

  it('is refused when it is a terminal', async () => {
    expect(
      (await collect(read('-', { stdin: () => Object.assign(Readable.from([]), { isTTY: true }) }))).error,
    ).toMatchObject({
      code: 'ERR_INPUT',
      message: 'standard input is a terminal: give a tasks file, or pipe tasks in: … | procctl pool -',
    });
  });

  it('may be a terminal when a file is read', async () => {
    expect(
      (await collect(read(fileWith('t.json', '["a"]'), { stdin: () => expect.unreachable('a file was given') })))
        .batches,
    ).toEqual([['a']]);
  });

  it('is told apart by its beginning, even when that comes byte by byte', async () => {
    const bytes = (text: string): Uint8Array[] => [...Buffer.from(text)].map((byte) => Uint8Array.of(byte));
    expect((await collect(readPiped(bytes('\ufeff\n { "tasks": ["a"] }')))).batches).toEqual([['a']]);
    expect((await collect(readPiped(bytes('\ufeff\n {"command":"a"}\n"b"')))).batches).toEqual([['a'], ['b']]);
  });

  it('is a document cut off when it ends before it is told apart', async () => {
    expect((await collect(readPiped(['{ "ta']))).error?.message).toBe(
      '(standard input):1:6: not JSON: unexpected end of the document',
    );
  });

  it('is no document of 512 MiB', async () => {
    const chunk = Buffer.alloc(64 * 1024 * 1024, ' ');
    const { error } = await collect(readPiped(['[', ...Array.from({ length: 8 }, () => chunk)]));
    expect(error).toMatchObject({
      code: 'ERR_INPUT',
      message: '(standard input): a JSON document of 512 MiB or more cannot be read',
    });
  });

  it('is refused when it is a directory, which Node would take for an empty input', async () => {
    const fd = openSync(directory, constants.O_RDONLY);
    const stdin = Object.assign(Readable.from([]), { fd });
    const { error } = await collect(read('-', { stdin: () => stdin }));
    closeSync(fd);
    expect(error).toMatchObject({ code: 'ERR_INPUT', message: '(standard input): is a directory, not a tasks file' });
  });

  it('says why when it breaks', async () => {
    const stdin = new PassThrough();
    stdin.write('"a"\n');
    const source = read('-', { stdin: () => stdin });
    expect((await source.next()).value).toHaveLength(1);
    stdin.destroy(Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' }));
    await expect(source.next()).rejects.toMatchObject({
      code: 'ERR_INPUT',
      message: '(standard input): cannot be read (EIO)',
    });
  });
});

describe('tasks that stream', () => {
  it('come before the next line has arrived', async () => {
    const stdin = new PassThrough();
    const source = read('-', { stdin: () => stdin });
    stdin.write('{"command":"a"}\n');
    expect(await nextNames(source)).toEqual(['a']);
    stdin.write('"b"\n"c');
    expect(await nextNames(source)).toEqual(['b']);
    stdin.end('"');
    expect(await nextNames(source)).toEqual(['c']);
    expect((await source.next()).done).toBe(true);
  });

  it('come so from a FIFO too, which may have no writer yet', async () => {
    const file = fifo();
    const source = read(file);
    const first = nextNames(source);
    const writer = createWriteStream(file);
    await once(writer, 'open');
    writer.write('"a"\n');
    expect(await first).toEqual(['a']);
    writer.end('"b"\n');
    expect(await nextNames(source)).toEqual(['b']);
    expect((await source.next()).done).toBe(true);
  });

  it('are read no faster than they are taken', async () => {
    let given = 0;
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.from(`"${given++}"\n`);
      })(),
      { highWaterMark: 1 },
    );
    const source = read('-', { stdin: () => endless });
    await source.next();
    await new Promise((resolve) => setImmediate(resolve));
    expect(given).toBeLessThan(10);
    await source.return(undefined);
    expect(endless.destroyed).toBe(true);
  });

  it('end the stream when the caller stops early', async () => {
    const stdin = new PassThrough();
    stdin.write('"a"\n"b"\n');
    for await (const _ of read('-', { stdin: () => stdin })) break;
    expect(stdin.destroyed).toBe(true);
  });

  it('end the stream when a line is bad', async () => {
    const stdin = new PassThrough();
    stdin.write('nope\n');
    expect((await collect(read('-', { stdin: () => stdin }))).error?.message).toMatch(
      /^\(standard input\):1: not JSON/,
    );
    expect(stdin.destroyed).toBe(true);
  });
});

describe('an aborted reading', () => {
  it.each(['auto', 'json', 'ndjson'] as const)('ends quietly while it waits for input as %s', async (format) => {
    const stdin = new PassThrough();
    const stop = new AbortController();
    const next = read('-', { stdin: () => stdin, format, signal: stop.signal }).next();
    stdin.write(' "a');
    await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(stdin.destroyed).toBe(true);
  });

  it('ends quietly between batches, and reports nothing about a line it did not finish', async () => {
    const stdin = new PassThrough();
    const stop = new AbortController();
    const source = read('-', { stdin: () => stdin, signal: stop.signal });
    stdin.write('"a"\n"b');
    expect((await source.next()).value).toHaveLength(1);
    stop.abort();
    expect((await source.next()).done).toBe(true);
    expect(stdin.destroyed).toBe(true);
  });

  it('opens nothing when it was aborted before', async () => {
    expect(await collect(read('no/such/file', { signal: AbortSignal.abort() }))).toEqual({
      batches: [],
      error: undefined,
    });
  });

  it('does not wait for a FIFO that nobody writes to', async () => {
    const stop = new AbortController();
    const next = read(fifo(), { signal: stop.signal }).next();
    await new Promise((resolve) => setTimeout(resolve, 20));
    stop.abort();
    expect((await next).done).toBe(true);
  });

  it('leaves no listener on the signal', async () => {
    const stop = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = stop.signal;
    stop.signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners += 1;
      addEventListener.apply(stop.signal, args);
    };
    stop.signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners -= 1;
      removeEventListener.apply(stop.signal, args);
    };
    await collect(readPiped(['"a"\n'], { signal: stop.signal }));
    expect(listeners).toBe(0);
  });
});

describe('a FIFO', () => {
  it('is closed once it has been read, so that its writer learns of it', async () => {
    const file = fifo();
    const keeper = new Socket({
      fd: openSync(file, constants.O_RDWR | constants.O_NONBLOCK),
      readable: false,
      writable: true,
    });
    keeper.write('"a"\n');
    for await (const tasks of read(file)) {
      expect(tasks.map(({ name }) => name)).toEqual(['a']);
      break;
    }
    keeper.destroy();
    // No reader is left: opening it for writing alone, without waiting, fails.
    expect(() => openSync(file, constants.O_WRONLY | constants.O_NONBLOCK)).toThrow('ENXIO');
  });
});
