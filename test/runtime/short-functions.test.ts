import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AttemptOutcome } from '../../src/core/pool/outcome.ts';
import { gracefully } from '../../src/core/pool/term-sequence.ts';
import { Site } from '../../src/runtime/pool/site.ts';
import { scratch, waitFor } from '../helpers/procctl.ts';

const MODULE = fileURLToPath(new URL('../fixtures/short-task.mjs', import.meta.url));

type Way =
  | 'nothing'
  | 'stream'
  | 'descriptor'
  | 'program'
  | 'variable'
  | 'throws'
  | 'dies'
  | 'waits'
  | 'blocks'
  | 'rejects'
  | 'closes';

interface Seen {
  readonly way: Way;
  readonly id: number;
  stdout: string;
  stderr: string;
  outcomes: AttemptOutcome[];
  /** Called when it has written something, in the same turn. */
  heard?: () => void;
  /** Called when it has ended, in the same turn. */
  after?: () => void;
}

/** Runs functions that may wait for one another on a site of their own. */
class Functions {
  readonly directory = scratch();
  readonly files = { log: `${this.directory}/log`, go: `${this.directory}/go` };
  readonly site = new Site(
    {
      env: { ...process.env, TMPDIR: this.directory },
      runner: 'auto',
      size: 8,
      directory: this.directory,
      ending: gracefully(2_000),
      nice: 0,
    },
    100,
    {
      onShrunk: (_size, error) => {
        throw error;
      },
      onFailed: (error) => {
        throw error;
      },
    },
  );
  #last = 0;

  /** All in one turn. */
  start(ways: readonly Way[], mayWait = true): Seen[] {
    return ways.map((way) => {
      this.#last += 1;
      const seq = this.#last;
      const seen: Seen = { way, id: seq, stdout: '', stderr: '', outcomes: [] };
      this.site.run({
        task: {
          seq,
          id: String(seq),
          name: way,
          command: { kind: 'function', module: MODULE, exportName: 'default', args: [seq, way, this.files] },
        },
        slot: 1,
        attempt: 1,
        mayWait,
        onData: (stream, chunk) => {
          expect(seen.outcomes).toEqual([]);
          seen[stream] += chunk.toString();
          seen.heard?.();
        },
        onEnded: (outcome) => {
          seen.outcomes.push(outcome);
          seen.after?.();
        },
      });
      return seen;
    });
  }

  async run(ways: readonly Way[]): Promise<Seen[]> {
    const seen = this.start(ways);
    await ended(seen);
    return seen;
  }

  /** Until it is known that the function is short. */
  async warmUp(): Promise<void> {
    for (let round = 0; round < 40; round += 1) await this.run(['nothing']);
  }

  /** How often each was begun, by id. */
  get begun(): Map<number, number> {
    const counts = new Map<number, number>();
    if (!existsSync(this.files.log)) return counts;
    for (const line of readFileSync(this.files.log, 'utf8').trim().split('\n')) {
      counts.set(Number(line), (counts.get(Number(line)) ?? 0) + 1);
    }
    return counts;
  }

  async close(): Promise<void> {
    await this.site.killAll();
    await this.site.rest();
    await this.site.close();
    this.site.remove();
  }
}

const ended = (seen: readonly Seen[]) =>
  waitFor(
    () => seen.every(({ outcomes }) => outcomes.length > 0),
    `${seen.filter(({ outcomes }) => outcomes.length === 0).map(({ id }) => id)} to end`,
  );

const returned = (id: number): AttemptOutcome[] => [{ kind: 'returned', result: String(id) }];

const WRITING: ReadonlySet<Way> = new Set(['stream', 'descriptor', 'program', 'variable']);

/** That it has done exactly what it is there for. */
const expectExact = (seen: Seen): void => {
  const { way, id, outcomes, stdout, stderr } = seen;
  if (way === 'throws') {
    expect(outcomes).toMatchObject([{ kind: 'error', code: 'ERR_THREW', message: `thrown by ${id}` }]);
    expect(stderr).toContain(`thrown by ${id}`);
    return;
  }
  if (way === 'dies') {
    expect(outcomes).toEqual([{ kind: 'signaled', signal: 'SIGKILL' }]);
    return;
  }
  expect(outcomes).toEqual(returned(id));
  expect([stdout, stderr]).toEqual(WRITING.has(way) ? [`out ${id}\n`, `err ${id}\n`] : ['', '']);
};

beforeAll(() => {
  Object.assign(globalThis, {
    PROCCTL_WORKER: pathToFileURL(fileURLToPath(new URL('../../dist/lib/worker.js', import.meta.url))).href,
  });
});

describe('functions that are made one after the other by one worker', () => {
  let functions: Functions;
  afterEach(() => functions.close());

  it('have each what they wrote, returned and threw, are made once, and take none with them that dies', async () => {
    functions = new Functions();
    await functions.warmUp();
    const way = fc.constantFrom<Way>(
      'nothing',
      'nothing',
      'stream',
      'descriptor',
      'program',
      'variable',
      'throws',
      'dies',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(way, { minLength: 1, maxLength: 12 }), async (ways) => {
        for (const seen of await functions.run(ways)) {
          expectExact(seen);
          expect([seen.id, functions.begun.get(seen.id)]).toEqual([seen.id, 1]);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('are several for a worker at a time', async () => {
    functions = new Functions();
    let workers = 8;
    // How long one takes is measured, so it may take some rounds.
    while (workers === 8) {
      const many = functions.start(Array(8).fill('nothing'));
      await new Promise((resolve) => setImmediate(resolve));
      workers = new Set(many.map(({ id }) => functions.site.seatOf(id).pid)).size;
      await ended(many);
    }
  });

  it('are made by the worker that has made most of those that are free', async () => {
    functions = new Functions();
    const alone = async (): Promise<number | undefined> => {
      const seen = functions.start(['nothing'], false);
      // It has been given to a worker by now.
      const { pid } = functions.site.seatOf(seen[0]?.id as number);
      await ended(seen);
      return pid;
    };
    await functions.run(['nothing']);
    const first = await alone();
    await alone();
    for (let round = 0; round < 5; round += 1) {
      await ended(functions.start(['nothing', 'stream', 'program', 'nothing'], false));
      expect(await alone()).toBe(first);
    }
  });

  for (const way of ['waits', 'blocks'] as const) {
    it(`do not wait for one that ${way}, nor do those before it`, async () => {
      functions = new Functions();
      await functions.warmUp();
      const seen = functions.start(['stream', way, 'nothing', 'stream', way, 'nothing']);
      const others = seen.filter((one) => one.way !== way);
      await ended(others);
      for (const one of others) expectExact(one);
      writeFileSync(functions.files.go, '');
      await ended(seen);
      for (const one of seen) {
        expectExact(one);
        expect(functions.begun.get(one.id)).toBe(1);
      }
    });

    it(`are not ended with one that ${way}, at whatever place it is`, async () => {
      functions = new Functions();
      await functions.warmUp();
      for (const at of [0, 1, 3]) {
        const ways: Way[] = ['stream', 'nothing', 'stream', 'nothing'];
        ways[at] = way;
        const seen = functions.start(ways);
        functions.site.end(seen[at]?.id ?? 0, 'graceful');
        await new Promise((resolve) => setImmediate(resolve));
        functions.site.end(seen[at]?.id ?? 0, 'now');
        await ended(seen);
        for (const one of seen.toSpliced(at, 1)) expectExact(one);
        const [outcome] = seen[at]?.outcomes ?? [];
        expect(['signaled', 'error']).toContain(outcome?.kind);
      }
    });
  }

  it('are made once that come while the worker gives back those before them', async () => {
    functions = new Functions();
    await functions.warmUp();
    const seen = functions.start(['blocks', 'nothing', 'nothing']);
    const [blocking, ...others] = seen as [Seen, Seen, Seen];
    const next: Seen[] = [];
    // The next word of its worker is that it has not begun with the others.
    blocking.after = () => next.push(...functions.start(['stream'], false));
    await ended(others);
    writeFileSync(functions.files.go, '');
    await ended(seen);
    await ended(next);
    await functions.run(['nothing']);
    for (const one of [...seen, ...next]) {
      expectExact(one);
      expect([one.id, functions.begun.get(one.id)]).toEqual([one.id, 1]);
    }
  });

  it('have each what they wrote, also when one is ended by what it has written', async () => {
    functions = new Functions();
    await functions.warmUp();
    // What the first two have answered is heard of by notes.
    const seen = functions.start(['stream', 'stream', 'blocks']);
    const [first, second] = seen as [Seen, Seen, Seen];
    first.heard = () => functions.site.end(first.id, 'graceful');
    await ended([first, second]);
    writeFileSync(functions.files.go, '');
    await ended(seen);
    expectExact(second);
  });

  it('are not ended with one that has begun and is ended', async () => {
    functions = new Functions();
    await functions.warmUp();
    const seen = functions.start(['nothing', 'waits', 'stream']);
    const [, waiting] = seen as [Seen, Seen, Seen];
    await waitFor(() => functions.begun.get(waiting.id) === 1, 'it to begin');
    functions.site.end(waiting.id, 'now');
    await ended(seen);
    expect(waiting.outcomes).toEqual([{ kind: 'signaled', signal: 'SIGKILL' }]);
    for (const one of seen) if (one !== waiting) expectExact(one);
  });

  it('do not fail by an error that the one before has left behind', async () => {
    functions = new Functions();
    await functions.warmUp();
    const seen = await functions.run(['nothing', 'rejects', 'stream', 'nothing']);
    for (const one of seen) {
      if (one.way === 'rejects') expect(one.outcomes).toEqual(returned(one.id));
      else expectExact(one);
      expect(functions.begun.get(one.id)).toBe(1);
    }
  });

  it('are made though one has closed the outputs of their worker', async () => {
    functions = new Functions();
    await functions.warmUp();
    const seen = await functions.run(['stream', 'closes', 'nothing', 'nothing']);
    for (const one of seen) expectExact(one);
  });
});
