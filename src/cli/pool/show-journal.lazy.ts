import { constants, realpathSync } from 'node:fs';
import { EXIT } from '../../errors.ts';
import { History, historyJson, type JournalView } from '../../protocol/journal/history.ts';
import { showFile } from '../../protocol/show.ts';
import { runRows, taskRows } from '../../render/journal-table.ts';
import { plainTable } from '../../render/process-table.ts';
import { isAlive } from '../../runtime/journal/owner.ts';
import { openRegular, readJournal } from '../../runtime/journal/read-journal.ts';
import { type ColourFlag, wantsColour } from '../colour.ts';
import { say } from '../tell.ts';
import { READER_GONE, writeStdout } from '../write-stdout.ts';

export interface ShowJournalFlags {
  readonly json: boolean;
  readonly timeline?: string;
  readonly color: ColourFlag;
}

const readView = async (file: string): Promise<JournalView> => {
  const handle = await openRegular(file, constants.O_RDONLY);
  try {
    const history = new History();
    const reading = await readJournal(handle, file, (record) => history.add(record));
    const { damagedLines, isTorn } = reading;
    return { journal: realpathSync(file), damagedLines, isTorn, runs: history.views(isAlive) };
  } finally {
    await handle.close();
  }
};

const sayWhatIsOdd = (file: string, { damagedLines, isTorn, runs }: JournalView): void => {
  const last = runs.at(-1);
  const isRunning = last?.state === 'running';
  if (isRunning) say(`run ${last.run} is still running, pid ${last.pid}`);
  if (runs.length === 0) say(`journal ${showFile(file)}: no run yet`);
  if (damagedLines > 0) say(`journal ${showFile(file)}: lines that cannot be read: ${damagedLines}`);
  if (isTorn && !isRunning) say(`journal ${showFile(file)}: the last line is cut short; what it said is not known`);
};

const textOf = async (view: JournalView, flags: ShowJournalFlags): Promise<string> => {
  if (flags.json) return historyJson(view);
  const now = Date.now();
  if (process.stdout.isTTY) {
    const { renderJournalScreen } = await import('./journal-screen.lazy.ts');
    const colour = wantsColour(flags.color, process.env, true);
    return renderJournalScreen(view.runs, { columns: process.stdout.columns ?? 80, colour, now });
  }
  if (wantsColour(flags.color, process.env, false)) {
    const { renderJournalScreen } = await import('./journal-screen.lazy.ts');
    return renderJournalScreen(view.runs, { columns: Number.POSITIVE_INFINITY, colour: true, now });
  }
  return `${plainTable(runRows(view.runs, now))}\n${plainTable(taskRows(view.runs))}`;
};

/** Shows what a journal tells, also of a pool that is still running, and resolves to the exit status. */
export const showJournal = async (file: string, flags: ShowJournalFlags): Promise<number> => {
  const view = await readView(file);
  if (flags.timeline !== undefined) {
    const { renderTimeline, replaceWith } = await import('./journal-timeline.lazy.ts');
    replaceWith(flags.timeline, renderTimeline(view.runs), file);
  }
  sayWhatIsOdd(file, view);
  return (await writeStdout(await textOf(view, flags))) ? EXIT.done : READER_GONE;
};
