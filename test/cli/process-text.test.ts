import fc from 'fast-check';
import { beforeEach, expect, it, vi } from 'vitest';
import { type PsFlags, runPs, selectProcesses } from '../../src/cli/run-ps.lazy.ts';
import { FACES, type Face, type ProcessView } from '../../src/protocol/process-view.ts';
import { SHOWN_STATES } from '../../src/render/process-state.ts';
import { processText } from '../../src/render/process-table.ts';
import { DOWN, NASTY, processView, WIDE } from '../render/process-views.ts';

/** What stands for the outside world; `vi.mock` is hoisted above all imports, and so must this be. */
const world = vi.hoisted(() => ({ written: '' }));

vi.mock('node:tty', () => ({ isatty: () => false }));
vi.mock('../../src/cli/write-stdout.ts', () => ({
  READER_GONE: 141,
  writeStdout: async (text: string) => {
    world.written = text;
    return true;
  },
}));

beforeEach(() => {
  vi.stubEnv('FORCE_COLOR', '');
  vi.stubEnv('NO_COLOR', '');
});

interface Wanted {
  readonly face: Face;
  readonly wide: boolean;
  readonly headers: boolean;
}

/** What `ps` itself prints into a pipe. */
const printed = async (processes: readonly ProcessView[], { face, wide, headers }: Wanted): Promise<string> => {
  const flags: PsFlags = { wide, headers, filter: [], quiet: face === 'names', json: face === 'json', color: 'auto' };
  world.written = '';
  await runPs([], flags, { fetch: async () => processes, select: selectProcesses, now: () => 0 });
  return world.written;
};

const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 30 }) },
  fc.constantFrom(
    '',
    ' ',
    '日本語',
    '\x1b[31mred',
    'a\nb\tc\r',
    '\udc80',
    '👩‍👩‍👧‍👦',
    'é',
    'e\u0301',
    '\u202e',
    '\x7f\x9b',
  ),
);
const orNull = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary);
const share = orNull(fc.double({ min: 0, max: 1, noNaN: true }));

const view: fc.Arbitrary<ProcessView> = fc.record({
  id: fc.nat(),
  name: text,
  group: text,
  instance: orNull(fc.nat()),
  pid: orNull(fc.nat()),
  alive: fc.boolean(),
  state: fc.constantFrom(...SHOWN_STATES),
  reason: orNull(text),
  dueInMs: orNull(fc.nat()),
  wanted: fc.constantFrom('up', 'down'),
  exitCode: orNull(fc.nat(255)),
  signal: orNull(fc.constantFrom('SIGTERM', 'SIGSEGV')),
  endedBy: orNull(fc.constantFrom('self', 'stop', 'shutdown', 'reboot')),
  restarts: fc.nat(),
  startedAt: fc.constantFrom('2026-01-02T03:04:05.000Z', null),
  exitedAt: fc.constantFrom('2026-01-02T03:04:06.000Z', null),
  uptimeMs: orNull(fc.nat()),
  cpuPercent: orNull(fc.double({ min: 0, max: 6_400, noNaN: true })),
  memoryBytes: orNull(fc.maxSafeNat()),
  command: text,
  cwd: text,
  restart: fc.constantFrom('no', 'on-failure', 'always'),
  boot: fc.boolean(),
  onCpuShare: share,
  queuedShare: share,
  asleepShare: share,
  ports: fc.array(fc.nat(65_535), { maxLength: 3 }),
});

const wanted: fc.Arbitrary<Wanted> = fc.record({
  face: fc.constantFrom(...FACES),
  wide: fc.boolean(),
  headers: fc.boolean(),
});

const ALL_WANTED = FACES.flatMap((face) =>
  [true, false].flatMap((wide) => [true, false].map((headers): Wanted => ({ face, wide, headers }))),
);

it('the text of the daemon is to the byte what ps itself would print', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(view, { maxLength: 6 }), wanted, async (processes, asked) => {
      const made = processText(processes, asked);
      // What is left to `ps` has something in it that only looking up its width can lay out.
      if (made === undefined) expect(await printed(processes, asked)).toMatch(/[^\n -~]/);
      else expect(made).toBe(await printed(processes, asked));
    }),
    { numRuns: 500 },
  );
});

it.each(ALL_WANTED)(
  'and so it is for every state, and for nobody: $face, wide $wide, headers $headers',
  async (asked) => {
    const up = SHOWN_STATES.map((state, id) => processView({ ...WIDE, id, state, restarts: id * 1_000 }));
    const down = SHOWN_STATES.map((state, id) => processView({ ...DOWN, id, state, reason: state, exitCode: id }));
    const control = processView({ name: '\x1b[31mred\x1b[0m\nx' });
    for (const processes of [[], up, down, [control], [...up, ...down, control]]) {
      expect(processText(processes, asked)).toBe(await printed(processes, asked));
    }
  },
);

it('only tables with wide or combining characters are left to ps', () => {
  expect(processText(NASTY, { face: 'table', wide: false, headers: true })).toBeUndefined();
  expect(processText(NASTY, { face: 'names', wide: false, headers: true })).toBeUndefined();
  expect(processText(NASTY, { face: 'json', wide: false, headers: true })).toContain('日本語サーバー');
});
