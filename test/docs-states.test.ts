import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MOVES } from '../src/core/pool/moves.ts';

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

/** What stands between the two marks of a page. */
const shownMoves = (page: string): string | undefined =>
  /<!-- moves:begin -->\n([\s\S]*?)\n<!-- moves:end -->/.exec(page)?.[1];

const page = readFileSync(new URL('../docs/states.md', import.meta.url), 'utf8');

describe('docs/states.md', () => {
  it('shows the very table of moves that the pool goes by', () => {
    expect(shownMoves(page)).toBe(movesTable(MOVES));
  });
  it('names every state, also those without a way out', () => {
    const named = Object.keys(MOVES).filter((state) => page.includes(`| ${code(state)} |`));
    expect(named).toEqual(Object.keys(MOVES));
  });
  it('would be found out if a move were added or taken away', () => {
    expect(shownMoves(page)).not.toBe(movesTable({ ...MOVES, succeeded: { retryDue: ['ready'] } }));
    expect(shownMoves(page)).not.toBe(movesTable({ ...MOVES, waiting: {} }));
  });
});
