import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MOVES as TASK_MOVES } from '../src/core/pool/moves.ts';
import { MOVES as PROCESS_MOVES } from '../src/core/process/moves.ts';

/** For each state, for each event it takes: the states it may move to. */
type Moves = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

const code = (tag: string): string => `\`${tag}\``;

/** The table of moves in markdown: a row for each event a state takes; ends take none. */
const movesTable = (moves: Moves): string =>
  [
    '| state | event | next state |',
    '|---|---|---|',
    ...Object.entries(moves).flatMap(([from, events]) =>
      Object.entries(events).map(([event, to]) => `| ${code(from)} | ${code(event)} | ${to.map(code).join(', ')} |`),
    ),
  ].join('\n');

const page = readFileSync(new URL('../docs/states.md', import.meta.url), 'utf8');

/** What stands between the two marks of the page that have this name. */
const shownMoves = (name: string): string | undefined =>
  new RegExp(`<!-- ${name}:begin -->\\n([^]*?)\\n<!-- ${name}:end -->`).exec(page)?.[1];

describe('docs/states.md', () => {
  it('shows the very table of moves that the pool goes by', () => {
    expect(shownMoves('moves')).toBe(movesTable(TASK_MOVES));
  });
  it('shows the very table of moves that supervised processes go by', () => {
    expect(shownMoves('process-moves')).toBe(movesTable(PROCESS_MOVES));
  });
  it.each([
    ['a task', TASK_MOVES],
    ['a process', PROCESS_MOVES],
  ])('names every state of %s, also those without a way out', (_, moves: Moves) => {
    const named = Object.keys(moves).filter((state) => page.includes(`| ${code(state)} |`));
    expect(named).toEqual(Object.keys(moves));
  });
  it('explains every event of a process', () => {
    const events = [...new Set(Object.values<object>(PROCESS_MOVES).flatMap((row) => Object.keys(row)))];
    const explained = page.slice(page.indexOf('<!-- process-moves:end -->'), page.indexOf('### What `ps` shows'));
    expect(events.filter((event) => !explained.includes(code(event)))).toEqual([]);
  });
  it('would be found out if a move were added or taken away', () => {
    expect(shownMoves('moves')).not.toBe(movesTable({ ...TASK_MOVES, succeeded: { retryDue: ['ready'] } }));
    expect(shownMoves('moves')).not.toBe(movesTable({ ...TASK_MOVES, waiting: {} }));
    expect(shownMoves('process-moves')).not.toBe(movesTable({ ...PROCESS_MOVES, failed: { start: ['ready'] } }));
  });
});
