// One benchmark: several ways to do the same work, measured in turn, so that a busy moment hits them all.
import { median, summarize } from './statistics.mjs';
import { timedRun } from './timed-run.mjs';

export const REPETITIONS = 3;

/** Runs each way once, then each once more, and so on; ways with a phase of their own after all before them are done. */
const inTurn = async (ways, runOnce) => {
  for (const phase of new Set(ways.map((way) => way.phase))) {
    await phase?.begin();
    await inTurnOf(
      ways.filter((way) => way.phase === phase),
      runOnce,
    );
    await phase?.end();
  }
};

const inTurnOf = async (ways, runOnce) => {
  const most = Math.max(...ways.map(({ repetitions }) => repetitions));
  for (let repetition = 1; repetition <= most; repetition += 1) {
    for (const way of ways) if (repetition <= way.repetitions) await runOnce(way);
  }
};

/** Of numbers by name, measured several times, the median of each. */
const medians = (ofEach) => {
  const names = [...new Set(ofEach.flatMap((more) => Object.keys(more)))];
  return Object.fromEntries(names.map((name) => [name, median(ofEach.map((more) => more[name]))]));
};

/** What the others are compared with: the way the work names, or else the best of the peers; null for no comparison. */
const standardOf = ({ against, isMoreBetter }, rows) => {
  if (against === null) return undefined;
  if (against !== undefined) return rows.find(({ name }) => name === against);
  const peers = rows.filter(({ kind }) => kind === 'peer');
  return peers.toSorted((a, b) => (isMoreBetter ? b.median - a.median : a.median - b.median))[0];
};

/**
 * @param work a module of works/: `unit`, `isMoreBetter`, `valueOf(elapsedMs, amount)`, and `ways(bench)` that lists
 *   `{ name, kind: 'procctl' | 'peer' | 'floor', needs, command, amount, input, output, check, repetitions }`;
 *   `measure()` in the place of `command` returns `elapsedMs`, and in `more` numbers for the work's `moreColumns`;
 *   those that share a `phase`, which has `begin()` and `end()`, are measured in turn, one phase after another
 * @returns a row for each way whose tool is there, and the name of the row the ratios refer to
 * @throws Error when a way fails, or its `check` finds that it has not done the work
 */
export const measureWork = async (work, bench) => {
  const ways = (await work.ways(bench))
    .filter(({ needs }) => needs === undefined || needs in bench.tools)
    .map((way) => ({ repetitions: work.repetitions ?? REPETITIONS, ...way, values: [], moreOfEach: [] }))
    .map((way) => ({ ...way, repetitions: Math.min(way.repetitions, bench.mostRepetitions) }));
  await inTurn(ways, async (way) => {
    const isMemoryWatched = work.isMemoryWatched === true && way.kind === 'procctl';
    const { elapsedMs, peakRssBytes, more } = await (way.measure?.() ?? timedRun({ ...way, isMemoryWatched }));
    way.check?.();
    way.values.push(work.valueOf(elapsedMs, way.amount));
    if (more !== undefined) way.moreOfEach.push(more);
    if (peakRssBytes !== undefined) way.peakRssBytes = Math.max(way.peakRssBytes ?? 0, peakRssBytes);
  });
  const rows = ways.map(({ name, kind, amount, values, moreOfEach, peakRssBytes }) => ({
    name,
    kind,
    amount,
    peakRssBytes,
    more: medians(moreOfEach),
    ...summarize(values),
  }));
  const standard = standardOf(work, rows);
  return {
    standard: standard?.name,
    rows: rows.map((row) => ({ ...row, ratio: standard === undefined ? undefined : row.median / standard.median })),
  };
};
