// What the compiler knows of calls in other processes. Compiled by `npm run typecheck`, never run: a wrong type is an error
// here, and so is a line marked as one that is none.
import { type AsyncResult, JoinableQueue, Pool, Process, Queue, type Target } from 'procctl';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <_Proof extends true>(): void => {};

const add = (a: number, b: number): number => a + b;
const greet = (name: string, { loud }: { readonly loud: boolean }): string => (loud ? name.toUpperCase() : name);
const read = async (path: string): Promise<Uint8Array> => new Uint8Array(path.length);
const now = (): Date => new Date();
const round = (x: number, digits?: number): string => x.toFixed(digits);
const sum = (...all: number[]): number => all.length;
const log = (text: string, level: { readonly level: string } = { level: 'info' }): void => void [text, level];

const module = new URL('./example.js', import.meta.url);
type Main = typeof import('../fixtures/library/typed.ts').main;
type Describe = typeof import('../fixtures/library/typed.ts').default;

export const processes = (): void => {
  const adding = new Process({ target: add, args: [1, 2] });
  is<Equal<typeof adding, Process<typeof add>>>();
  is<Equal<typeof adding.result, Promise<number>>>();
  is<Equal<ReturnType<typeof adding.start>, typeof adding>>();
  // @ts-expect-error an argument of another type
  new Process({ target: add, args: [1, '2'] });
  // @ts-expect-error one argument of two
  new Process({ target: add, args: [1] });
  // @ts-expect-error three arguments for two
  new Process({ target: add, args: [1, 2, 3] });
  // @ts-expect-error no arguments for two
  new Process({ target: add });
  // @ts-expect-error an option that is none
  new Process({ target: add, args: [1, 2], shell: true });

  is<Equal<typeof reading.result, Promise<Uint8Array>>>();
  const reading = new Process({ target: read, args: ['a'] });
  is<Equal<typeof clock.result, Promise<Date>>>();
  const clock = new Process({ target: now });
  new Process({ target: now, args: [] });
  // @ts-expect-error an argument for none
  new Process({ target: now, args: [1] });
  new Process({ target: round, args: [1.5] });
  new Process({ target: round, args: [1.5, 2] });
  // @ts-expect-error the optional one of another type
  new Process({ target: round, args: [1.5, 'two'] });
  new Process({ target: sum });
  new Process({ target: sum, args: [1, 2, 3] });

  new Process({ target: greet, args: ['ada'], kwargs: { loud: true } });
  new Process({ target: greet, args: ['ada', { loud: true }] });
  // @ts-expect-error a named argument of another type
  new Process({ target: greet, args: ['ada'], kwargs: { loud: 'yes' } });
  // @ts-expect-error a named argument that is none
  new Process({ target: greet, args: ['ada'], kwargs: { loud: true, slow: true } });
  // @ts-expect-error no named arguments
  new Process({ target: greet, args: ['ada'] });
  // @ts-expect-error the arguments in front are missing
  new Process({ target: greet, kwargs: { loud: true } });
  // @ts-expect-error the last argument is no object
  new Process({ target: add, args: [1], kwargs: { b: 2 } });
  new Process({ target: log, args: ['a'], kwargs: { level: 'warn' } });
  new Process({ target: log, args: ['a'] });

  const main = new Process<Main>({ target: { module, export: 'main' }, args: [3, ['a']] });
  is<Equal<typeof main.result, Promise<string[]>>>();
  // @ts-expect-error an argument of another type, of a function in a module
  new Process<Main>({ target: { module, export: 'main' }, args: ['3', ['a']] });
  // @ts-expect-error no arguments, of a function in a module
  new Process<Main>({ target: module });
  const described = new Process<Describe>({ target: module, kwargs: { id: 1n } });
  is<Equal<typeof described.result, Promise<{ readonly id: bigint }>>>();

  // Of a module nothing is known unless it is told.
  const unknown = new Process({ target: module, args: [1, 'two'], kwargs: { three: 3 } });
  // biome-ignore lint/suspicious/noExplicitAny: what is to be proven
  is<Equal<typeof unknown.result, Promise<any>>>();
  // A setting may be there and undefined.
  new Process({ target: now, name: undefined, daemon: undefined, cwd: undefined, signal: undefined });
  is<Equal<typeof adding.exitCode, number | null>>();
  is<Equal<typeof adding.signal, NodeJS.Signals | null>>();
  const any: Process[] = [adding, reading, main];
  void any;
};

export const calls = async (pool: Pool): Promise<void> => {
  is<Equal<number, Awaited<typeof three>>>();
  const three = pool.run(add, [1, 2]);
  pool.run(add, [1, 2], { priority: 1, timeoutMs: 5, signal: AbortSignal.timeout(1) });
  // @ts-expect-error an argument of another type
  pool.run(add, ['1', 2]);
  // @ts-expect-error one argument of two
  pool.run(add, [1]);
  // @ts-expect-error no arguments for two
  pool.run(add);
  // @ts-expect-error three arguments for two
  pool.run(add, [1, 2, 3]);
  // @ts-expect-error an option that is none
  pool.run(add, [1, 2], { chunkSize: 1 });
  is<Equal<Awaited<typeof bytes>, Uint8Array>>();
  const bytes = pool.run(read, ['a']);
  is<Equal<Awaited<typeof date>, Date>>();
  const date = pool.run(now);
  pool.run(now, [], { priority: 1 });
  pool.run(round, [1]);
  pool.run(round, [1, undefined]);
  pool.run(sum);
  pool.run(sum, [1, 2, 3] as const);

  is<Equal<Awaited<typeof lines>, string[]>>();
  const lines = pool.run<Main>({ module, export: 'main' }, [3, ['a']]);
  // @ts-expect-error an argument of another type, of a function in a module
  pool.run<Main>({ module, export: 'main' }, [3, 'a']);
  // @ts-expect-error no arguments, of a function in a module
  pool.run<Main>(module);
  const main: Target<Main> = { module, export: 'main' };
  pool.run<Main>(main, [3, []]);
  // biome-ignore lint/suspicious/noExplicitAny: what is to be proven
  is<Equal<Awaited<typeof any>, any>>();
  const any = pool.run(module, [1, 'two']);
  pool.run('./example.js');

  is<Equal<Awaited<typeof applied>, string>>();
  const applied = pool.apply(greet, ['ada'], { loud: true });
  pool.apply(greet, ['ada', { loud: true }]);
  // @ts-expect-error a named argument of another type
  pool.apply(greet, ['ada'], { loud: 1 });
  // @ts-expect-error no named arguments
  pool.apply(greet, ['ada']);
  // @ts-expect-error an argument of another type
  pool.apply(add, ['1', 2]);
  // @ts-expect-error no arguments for two
  pool.apply(add);
  // @ts-expect-error the last argument is no object
  pool.apply(add, [1], { b: 2 });
  pool.apply(now);
  pool.apply<Main>(module, [3, []]);
  pool.apply(module, [1], { two: 2 });
  is<Equal<typeof later, AsyncResult<string>>>();
  const later = pool.applyAsync(greet, ['ada'], { loud: true });
  // @ts-expect-error an argument of another type
  pool.applyAsync(greet, [1], { loud: true });
  is<Equal<Awaited<typeof later>, string>>();
};

export const maps = async (pool: Pool): Promise<void> => {
  is<Equal<Awaited<typeof all>, Uint8Array[]>>();
  const all = pool.map(read, ['a', 'b']);
  pool.map(read, new Set(['a']), { chunkSize: 3, priority: 1 });
  // @ts-expect-error items of another type
  pool.map(read, [1]);
  // @ts-expect-error no items
  pool.map(read);
  // @ts-expect-error a function that needs two arguments gets one
  pool.map(add, [1]);
  pool.map(round, [1.5]);
  pool.map(sum, [1]);
  pool.map(now, [1, 'two', null]);
  is<Equal<Awaited<typeof typed>, { readonly id: bigint }[]>>();
  const typed = pool.map<Describe>(module, [{ id: 1n }]);
  pool.map(module, [1, 'two']);

  is<Equal<Awaited<typeof sums>, number[]>>();
  const sums = pool.starmap(add, [
    [1, 2],
    [3, 4],
  ]);
  // @ts-expect-error one argument of two
  pool.starmap(add, [[1]]);
  // @ts-expect-error items of another type
  pool.starmap(add, [[1, 'two']]);
  pool.starmap(sum, [[], [1], [1, 2]]);

  for await (const result of pool.imap(read, ['a'])) is<Equal<typeof result, Uint8Array>>();
  for await (const result of pool.imapUnordered(round, [1.5])) is<Equal<typeof result, string>>();
  // @ts-expect-error items of another type
  pool.imap(read, [1]);
  // @ts-expect-error items of another type
  pool.imapUnordered(round, ['1.5']);
  // @ts-expect-error a time limit belongs to the pool
  pool.imap(read, ['a'], { timeoutMs: 1 });
};

export const pools = (): void => {
  new Pool({ size: 2, initializer: add, initArgs: [1, 2], maxTasksPerChild: undefined });
  // @ts-expect-error a size that is no number
  new Pool({ size: '2' });
  is<Equal<ReturnType<Pool['join']>, Promise<boolean>>>();
  // One on Redis is the same class, so all that is known of calls is known of its calls.
  const remote: Pool = new Pool({ on: 'redis://host', queue: 'a', connectTimeoutMs: 1, size: 2, timeoutMs: undefined });
  void remote;
  // @ts-expect-error what only processes of this machine have
  new Pool({ on: 'redis://host', initializer: add });
  // @ts-expect-error what only processes of this machine have
  new Pool({ on: 'redis://host', maxMemoryBytes: 1 });
  // @ts-expect-error goes with on
  new Pool({ queue: 'a' });
  // @ts-expect-error an address that is no text
  new Pool({ on: new URL('redis://host') });
};

export const queues = async (): Promise<void> => {
  const remote = new Queue<number>({
    on: 'redis://host',
    name: 'a',
    maxSize: 1,
    delivery: 'at-least-once',
    lockMs: 1000,
  });
  is<Equal<Awaited<ReturnType<typeof remote.get>>, number>>();
  is<Equal<ReturnType<typeof remote.getNowait>, Promise<number>>>();
  for await (const item of remote) is<Equal<typeof item, number>>();
  // @ts-expect-error an item of another type
  remote.put('one');
  const joinable: Queue<string> = new JoinableQueue<string>({ on: 'redis://host', name: 'a' });
  void joinable;
  // @ts-expect-error a queue in Redis has a name
  new Queue({ on: 'redis://host' });
  // @ts-expect-error a name goes with on
  new Queue({ name: 'a' });
  // @ts-expect-error a delivery that there is not
  new Queue({ on: 'redis://host', name: 'a', delivery: 'exactly-once' });
};
