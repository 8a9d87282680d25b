import type { ProcctlError } from '../../errors.ts';
import { groupOutput, jsonOutput, noOutput } from '../../runtime/output/kept-output.ts';
import { lineOutput } from '../../runtime/output/line-output.ts';
import type { OutputPump } from '../../runtime/output/output-pump.ts';
import { everyOutput, type OutputMode } from '../../runtime/output/task-output.ts';
import type { PoolRunOptions } from '../../runtime/pool/pool-run-ports.ts';
import type { Results } from '../../runtime/results/results.ts';
import { wantsColour } from '../colour.ts';
import type { PoolFlags } from './flags.ts';

type Output = PoolRunOptions['output'];

const shownOutput =
  (flags: PoolFlags, pump: OutputPump): Output =>
  (space, release) => {
    if (flags.json) return jsonOutput(pump, space, release, flags.output === 'none');
    if (flags.output === 'none') return noOutput();
    if (flags.output === 'group') return groupOutput(pump, space, release, flags.tag);
    return lineOutput(pump, space, release, { isTagged: flags.tag, isOrdered: flags.keepOrder });
  };

/** What `--summary` needs while the pool runs, and at its end. */
export interface Summary {
  readonly mode: OutputMode;
  /** Lines, each with its end. */
  text(elapsedMs: number): string;
}

export const openSummary = async ({ summary, color }: PoolFlags): Promise<Summary | undefined> => {
  if (!summary) return undefined;
  const { SummaryTally, summaryOutput, renderPoolSummary } = await import('./summary.lazy.ts');
  const tally = new SummaryTally();
  const { isTTY, columns } = process.stderr;
  const screen = { columns: isTTY ? columns : undefined, colour: wantsColour(color, process.env, isTTY) };
  return {
    mode: summaryOutput(tally),
    text: (elapsedMs) => renderPoolSummary(tally.summary, elapsedMs, screen),
  };
};

/** @param onLost what is kept cannot be written any more */
export const openResults = async (
  { results, journal, resume, retryFailed }: PoolFlags,
  directory: string,
  onLost: (error: ProcctlError) => void,
): Promise<Results | undefined> => {
  if (results === undefined) return undefined;
  const { openResults } = await import('../../runtime/results/results.lazy.ts');
  return openResults(results, {
    directory,
    isResuming: resume || retryFailed,
    // What the journal calls done is not run again: its results must not be lost with the power.
    isSynced: journal !== undefined,
    onLost,
  });
};

/** What is kept comes before what is shown: if it cannot be kept, the task has failed. */
export const outputOf = (
  flags: PoolFlags,
  pump: OutputPump,
  { results, summary }: { readonly results: Results | undefined; readonly summary: Summary | undefined },
): Output => {
  const shown = shownOutput(flags, pump);
  if (results === undefined && summary === undefined) return shown;
  return (space, release) =>
    everyOutput([
      ...(summary === undefined ? [] : [summary.mode]),
      ...(results === undefined ? [] : [results.mode(space)]),
      shown(space, release),
    ]);
};
