import { Chalk } from 'chalk';
import stringWidth from 'string-width';
import type { PoolSummary, SummedTask } from '../core/pool/summary.ts';
import { printable } from '../core/printable.ts';
import { formatDuration } from '../protocol/duration.ts';
import { cutToWidth } from './cut-to-width.ts';
import { failureText, shortened, taskText } from './pool-text.ts';

export interface SummaryScreen {
  /** Places in a line of the terminal; absent where it goes to something else: lines are then as long as they are. */
  readonly columns?: number | undefined;
  readonly colour: boolean;
}

/** Of a line that is not cut to a terminal, this much is shown. */
const MAX_LINE = 500;

const endText = (task: SummedTask): string => {
  switch (task.end) {
    case 'succeeded':
      return '';
    case 'timedOut':
      return ', timed out';
    default:
      return `, ${task.end}`;
  }
};

const failureOf = ({ end, ...task }: SummedTask): string =>
  failureText({ ...task, end: end === 'timedOut' ? 'timedOut' : 'failed' });

/** The least that is shown of a name. */
const MIN_NAME = 8;

/** A text about a task, its name cut so far that the rest of it can be seen. */
const aroundName = (task: SummedTask, columns: number, text: (task: SummedTask) => string): string => {
  const name = printable(shortened(task.name));
  const over = stringWidth(text(task)) - columns;
  return text(over > 0 ? { ...task, name: cutToWidth(name, Math.max(MIN_NAME, stringWidth(name) - over)) } : task);
};

/** A line of a program as a person would see it: what a carriage return has overwritten is gone. */
const shownLine = (line: string): string => printable(line.replace(/\r+$/, '').replace(/^.*\r/, ''));

/**
 * How a pool has spent its time, its slowest tasks, and its failed ones with their last words: lines for standard error, each
 * with its end.
 *
 * @param elapsedMs of the whole pool
 */
export const renderPoolSummary = (
  { attempts, taskMs, mostAtWork, slowest, failed, failedCount }: PoolSummary,
  elapsedMs: number,
  { columns = MAX_LINE, colour }: SummaryScreen,
): string => {
  if (attempts === 0) return '';
  const chalk = new Chalk({ level: colour ? 1 : 0 });
  const line = (text: string): string => `${cutToWidth(text, Math.max(1, columns))}\n`;
  const heading = (text: string): string => `\n${chalk.bold(cutToWidth(text, Math.max(1, columns)))}\n`;
  const average = elapsedMs > 0 ? taskMs / elapsedMs : 0;
  const width = Math.max(...slowest.map(({ durationMs }) => formatDuration(durationMs).length));
  const parts = [
    line(`elapsed    ${formatDuration(elapsedMs)}`),
    line(`task time  ${formatDuration(taskMs)} in ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`),
    line(`at a time  ${average.toFixed(1)} on average, ${mostAtWork} at most`),
    heading('SLOWEST'),
    ...slowest.map((task) =>
      line(
        aroundName(
          task,
          columns,
          (shown) => `${formatDuration(shown.durationMs).padStart(width)}  ${taskText(shown)}${endText(shown)}`,
        ),
      ),
    ),
  ];
  if (failedCount > 0) parts.push(heading('FAILED'));
  for (const task of failed) {
    parts.push(chalk.red(line(aroundName(task, columns, failureOf)).trimEnd()), '\n');
    for (const text of task.lastLines) parts.push(line(`  ${shownLine(text)}`));
  }
  const more = failedCount - failed.length;
  if (more > 0) parts.push(line(`and ${more} more`));
  return parts.join('');
};
