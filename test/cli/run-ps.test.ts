import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type PsFlags, type PsPorts, runPs } from '../../src/cli/run-ps.lazy.ts';
import type { ProcctlError } from '../../src/errors.ts';
import type { ProcessView } from '../../src/protocol/process-view.ts';
import { DOWN, processView } from '../render/process-views.ts';

/** What stands for the outside world; `vi.mock` is hoisted above all imports, and so must this be. */
const world = vi.hoisted(() => ({ isTerminal: false, isRead: true, written: '', told: '', loaded: [] as string[] }));

vi.mock('node:tty', () => ({ isatty: () => world.isTerminal }));
vi.mock('../../src/cli/write-stdout.ts', () => ({
  READER_GONE: 141,
  writeStdout: async (text: string) => {
    world.written += text;
    return world.isRead;
  },
}));
vi.mock('../../src/cli/tell.ts', () => ({
  tell: (error: ProcctlError) => {
    world.told += `${error.message} (${error.hint})`;
  },
}));
vi.mock('../../src/cli/text-width.lazy.ts', () => {
  world.loaded.push('widths');
  return { textWidth: (text: string) => text.length * 2 };
});
vi.mock('../../src/cli/process-table.lazy.ts', () => {
  world.loaded.push('table');
  return { renderProcessScreen: () => 'a table', Painter: class {} };
});

const ASLEEP = processView({ id: 1, name: 'api' });
const FAILED = processView({ ...DOWN, id: 2, name: 'web', state: 'failed', reason: '5 restarts in 60s' });

const flags = (some: Partial<PsFlags> = {}): PsFlags => ({
  wide: false,
  filter: [],
  headers: true,
  quiet: false,
  json: false,
  color: 'auto',
  ...some,
});

const fetch = vi.fn<PsPorts['fetch']>();
const select = vi.fn<PsPorts['select']>((all, names) => all.filter(({ name }) => names.includes(name)));

const ps = (
  some: Partial<PsFlags>,
  names: readonly string[] = [],
  processes: readonly ProcessView[] = [ASLEEP, FAILED],
) => {
  fetch.mockResolvedValue(processes);
  return runPs(names, flags(some), { fetch, select, now: () => 0 });
};

beforeEach(() => {
  Object.assign(world, { isTerminal: false, isRead: true, written: '', told: '', loaded: [] });
  vi.stubEnv('FORCE_COLOR', '');
  vi.stubEnv('NO_COLOR', '');
  fetch.mockClear();
  select.mockClear();
});

describe('procctl ps', () => {
  // First of all: a module is loaded once only.
  it('loads what measures text for text that needs it, and what paints for a terminal', async () => {
    await ps({});
    await ps({ json: true });
    expect(world.loaded).toEqual([]);
    await ps({ columns: 'name,id' }, [], [processView({ name: '日本' })]);
    expect(world.loaded).toEqual(['widths']);
    world.isTerminal = true;
    world.written = '';
    await ps({});
    expect(world.loaded).toEqual(['widths', 'table']);
    expect(world.written).toBe('a table\n');
  });

  it('prints plain lines into a pipe, as wanted', async () => {
    expect(await ps({ columns: 'name,state', sort: '-name', headers: false })).toBe(0);
    expect(world.written).toBe('web  failed (5 restarts in 60s)\napi  waiting (sleep)\n');
  });

  it('prints names alone with --quiet, also on a terminal', async () => {
    world.isTerminal = true;
    await ps({ quiet: true, filter: ['state=failed'] });
    expect(world.written).toBe('web\n');
  });

  it('prints one JSON array of what is named and not filtered out', async () => {
    await ps({ json: true, filter: ['alive=yes'] }, ['api', 'web']);
    expect(JSON.parse(world.written)).toEqual([ASLEEP]);
    expect(select).toHaveBeenCalledOnce();
    world.written = '';
    await ps({ json: true, filter: ['name=nobody'] });
    expect(world.written).toBe('[]\n');
    expect(select).toHaveBeenCalledOnce();
  });

  it('asks for the numbers of --wide only when one of them is used', async () => {
    await ps({});
    await ps({ sort: 'mem', filter: ['state=failed'], columns: 'name' });
    expect(fetch.mock.calls).toEqual([[{ wide: false }], [{ wide: false }]]);
    fetch.mockClear();
    for (const some of [{ wide: true }, { columns: 'ports' }, { sort: 'asleep' }, { filter: ['ports=80'] }])
      await ps(some);
    expect(fetch.mock.calls).toEqual(Array(4).fill([{ wide: true }]));
  });

  it('ends as SIGPIPE would have it when its reader has gone', async () => {
    world.isRead = false;
    expect(await ps({})).toBe(141);
  });

  it('tells of a wrong option, and looks at nothing', async () => {
    for (const some of [
      { quiet: true, json: true },
      { quiet: true, columns: 'name' },
      { json: true, columns: 'name' },
      { columns: 'nam' },
      { sort: 'nam' },
      { filter: ['nam=x'] },
    ]) {
      world.told = '';
      expect(await ps(some)).toBe(2);
      expect(world.told).not.toBe('');
    }
    expect(world.told).toBe('--filter: unknown column "nam" (did you mean "name"?)');
    expect(fetch).not.toHaveBeenCalled();
    expect(world.written).toBe('');
  });

  it('leaves to its caller what is no mistake in the options', async () => {
    fetch.mockRejectedValue(new TypeError('a bug'));
    await expect(runPs([], flags(), { fetch, select, now: () => 0 })).rejects.toThrow('a bug');
  });

  it('with --watch into a pipe prints snapshots with a blank line between', async () => {
    fetch.mockImplementation(async () => {
      world.isRead = fetch.mock.calls.length < 2;
      return [ASLEEP];
    });
    const watch = { watch: 1, columns: 'name' };
    expect(await runPs([], flags(watch), { fetch, select, now: () => 0 })).toBe(141);
    expect(world.written).toBe('NAME\napi\n\nNAME\napi\n');
  });

  it('with --watch --json prints a line for each look', async () => {
    fetch.mockImplementation(async () => {
      world.isRead = fetch.mock.calls.length < 2;
      return [ASLEEP];
    });
    await runPs([], flags({ watch: 1, json: true }), { fetch, select, now: () => 1_000 });
    const lines = world.written.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      Array(2).fill({ at: '1970-01-01T00:00:01.000Z', processes: [ASLEEP] }),
    );
  });
});
