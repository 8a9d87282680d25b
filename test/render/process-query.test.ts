import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProcctlError } from '../../src/errors.ts';
import type { ProcessView } from '../../src/protocol/process-view.ts';
import {
  filterProcesses,
  parseColumns,
  parseFilter,
  parseSort,
  sortProcesses,
} from '../../src/render/process-query.ts';
import { DOWN, processView, WIDE } from './process-views.ts';

const complaint = (parse: () => unknown): string => {
  try {
    parse();
  } catch (error) {
    if (error instanceof ProcctlError && error.code === 'ERR_USAGE') return `${error.message} (${error.hint})`;
    throw error;
  }
  throw new Error('nothing was wrong with it');
};

const named = (...names: string[]): ProcessView[] => names.map((name, index) => processView({ id: index + 1, name }));
const namesOf = (processes: readonly ProcessView[]): string[] => processes.map(({ name }) => name);
const sorted = (processes: readonly ProcessView[], by: string): string[] =>
  namesOf(sortProcesses(processes, parseSort(by)));
const filtered = (processes: readonly ProcessView[], ...filters: string[]): string[] =>
  namesOf(filterProcesses(processes, filters.map(parseFilter)));

describe('--columns', () => {
  it('takes columns by name, in the order given', () => {
    expect(parseColumns('state, name,exit-code').map(({ name }) => name)).toEqual(['state', 'name', 'exit-code']);
  });

  it('refuses what is no column, and says what was meant', () => {
    expect(complaint(() => parseColumns('id,uptme'))).toBe(
      '--columns: unknown column "uptme" (did you mean "uptime"?)',
    );
    expect(complaint(() => parseColumns('id,'))).toMatch(
      /^--columns: unknown column "" \(the columns: id, name, pid, /,
    );
    expect(complaint(() => parseColumns('__proto__'))).toContain('unknown column "__proto__"');
    expect(complaint(() => parseColumns('\x1b[2J'))).toContain('"\\u001b[2J"');
  });
});

describe('--sort', () => {
  it('counts in names as people do', () => {
    expect(sorted(named('web-10', 'web-9', 'api', 'web-1'), 'name')).toEqual(['api', 'web-1', 'web-9', 'web-10']);
    expect(sorted(named('a', 'c', 'b'), '-name')).toEqual(['c', 'b', 'a']);
    expect(sorted(named('a', 'c', 'b'), 'name:desc')).toEqual(['c', 'b', 'a']);
    expect(sorted(named('a', 'c', 'b'), 'name:asc')).toEqual(['a', 'b', 'c']);
  });

  it('sorts numbers by value, with what has none last in either direction', () => {
    const processes = [
      processView({ id: 1, name: 'nine', memoryBytes: 9_000_000 }),
      processView({ id: 2, name: 'none', memoryBytes: null }),
      processView({ id: 3, name: 'ten', memoryBytes: 10_000_000 }),
    ];
    expect(sorted(processes, 'mem')).toEqual(['nine', 'ten', 'none']);
    expect(sorted(processes, '-mem')).toEqual(['ten', 'nine', 'none']);
  });

  it('sorts states along a life, and equal ones by id', () => {
    const processes = [
      processView({ id: 4, name: 'failed', state: 'failed', reason: null }),
      processView({ id: 3, name: 'second', state: 'running', reason: null }),
      processView({ id: 2, name: 'first', state: 'running', reason: null }),
      processView({ id: 1, name: 'asleep' }),
    ];
    expect(sorted(processes, 'state')).toEqual(['first', 'second', 'asleep', 'failed']);
  });

  it('refuses an unknown column or direction', () => {
    expect(complaint(() => parseSort('-memory'))).toContain('--sort: unknown column "memory"');
    expect(complaint(() => parseSort('mem:up'))).toContain('expected a column such as "mem" or "-mem", got "mem:up"');
    expect(complaint(() => parseSort('-mem:desc'))).toContain('got "-mem:desc"');
    expect(complaint(() => parseSort(''))).toContain('unknown column ""');
  });

  it('is a total order that loses nobody, whatever the column', () => {
    const anyProcess = fc.record({
      name: fc.oneof(fc.stringMatching(/^[a1-]{0,6}$/), fc.string()),
      memoryBytes: fc.option(fc.nat(), { nil: null }),
      state: fc.constantFrom('running', 'waiting', 'exited'),
      exitCode: fc.option(fc.nat(3), { nil: null }),
    });
    const column = fc.constantFrom('name', '-name', 'mem', 'mem:desc', 'state', '-state', 'exit-code', 'ports');
    fc.assert(
      fc.property(fc.array(anyProcess), column, fc.integer(), (some, by, seed) => {
        const all = some.map((one, index) => processView({ ...one, id: index, state: one.state as 'running' }));
        const shuffled = [...all].sort((one, other) => ((one.id * seed) % 7) - ((other.id * seed) % 7));
        const once = sortProcesses(all, parseSort(by));
        expect(sortProcesses(shuffled, parseSort(by))).toEqual(once);
        expect(new Set(once)).toEqual(new Set(all));
      }),
    );
  });
});

describe('--filter', () => {
  const processes = [
    processView({ id: 1, name: 'web-1', state: 'running', reason: null, ...WIDE }),
    processView({ id: 2, name: 'web-2' }),
    processView({ ...DOWN, id: 3, name: 'job', state: 'waiting', reason: 'backoff', dueInMs: 100, restart: 'always' }),
    processView({ ...DOWN, id: 4, name: 'old', state: 'exited', reason: '0', exitCode: 0, wanted: 'down' }),
  ];

  it('keeps what has the value, by the state with or without its reason', () => {
    expect(filtered(processes, 'state=waiting')).toEqual(['web-2', 'job']);
    expect(filtered(processes, 'state=exited (0)')).toEqual(['old']);
    expect(filtered(processes, 'reason=backoff')).toEqual(['job']);
    expect(filtered(processes, 'alive=no')).toEqual(['job', 'old']);
    expect(filtered(processes, 'alive=true')).toEqual(['web-1', 'web-2']);
    expect(filtered(processes, 'wanted=down')).toEqual(['old']);
    expect(filtered(processes, 'restart=always')).toEqual(['job']);
    expect(filtered(processes, 'exit-code=0')).toEqual(['old']);
    expect(filtered(processes, 'ports=8443')).toEqual(['web-1']);
  });

  it('knows patterns, and takes text that only looks like one as it is too', () => {
    expect(filtered(processes, 'name=web-*')).toEqual(['web-1', 'web-2']);
    expect(filtered(processes, 'state=*ing')).toEqual(['web-1', 'web-2', 'job']);
    expect(filtered([processView({ command: 'echo [a] a=b' })], 'command=echo [a] a=b')).toEqual(['web']);
  });

  it('wants all of several', () => {
    expect(filtered(processes, 'state=waiting', 'alive=yes')).toEqual(['web-2']);
    expect(filtered(processes, 'state=waiting', 'state=running')).toEqual([]);
    expect(filtered(processes)).toHaveLength(4);
  });

  it('finds nothing in a cell that says nothing', () => {
    expect(filtered(processes, 'pid=-')).toEqual([]);
  });

  it('refuses what no process could have', () => {
    expect(complaint(() => parseFilter('waiting'))).toBe(
      '--filter: expected a column and a value, got "waiting" (such as state=waiting or name=web-*)',
    );
    expect(complaint(() => parseFilter('stat=waiting'))).toContain('did you mean "state"?');
    expect(complaint(() => parseFilter('state=wating'))).toBe(
      '--filter: state is never "wating" (did you mean "waiting"?)',
    );
    expect(complaint(() => parseFilter('wanted=x'))).toContain('it is one of: up, down');
    expect(complaint(() => parseFilter('alive='))).toContain('alive is never ""');
  });
});
