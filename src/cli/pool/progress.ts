import { fstatSync } from 'node:fs';
import { isatty } from 'node:tty';
import { progressLine } from '../../render/pool-text.ts';
import type { PoolView } from '../../render/pool-view.ts';
import type { Target } from '../../runtime/output/output-pump.ts';
import { type ColourFlag, wantsColour } from '../colour.ts';

const PLAIN_INTERVAL_MS = 1000;
const SETTLED_MS = 120;

/** Progress of a pool on standard error, in whichever form. */
export interface Progress {
  /** Something is painted on the terminal, and has to make room for other output. */
  readonly isLive: boolean;
  changed(): void;
  /** Output is about to be written to `target`. */
  makeRoom(target: Target): void;
  /** Tells the person watching something, in one line; undefined takes it back. */
  note(text: string): void;
  /** Leaves the screen alone as long as `act` takes. */
  aside(act: () => void): void;
  stop(): void;
}

export interface ProgressFlags {
  readonly progress: 'auto' | 'bar' | 'plain' | 'none';
  readonly quiet: boolean;
  readonly color: ColourFlag;
}

const silent: Progress = {
  isLive: false,
  changed: () => {},
  makeRoom: () => {},
  note: () => {},
  aside: (act) => act(),
  stop: () => {},
};

/**
 * Whether another program reads our output. What it writes may go to the same terminal, behind the painter's back: a
 * repaint would erase it.
 */
const isPiped = (): boolean => {
  try {
    const stdout = fstatSync(1);
    return stdout.isFIFO() || stdout.isSocket();
  } catch {
    return false;
  }
};

const livePainter = async (flags: ProgressFlags, view: () => PoolView): Promise<Progress> => {
  const { LiveView } = await import('./pool-live.lazy.ts');
  let note: string | undefined;
  const painter = new LiveView({
    stream: process.stderr,
    colour: wantsColour(flags.color, process.env, true),
    view: () => (note === undefined ? view() : { ...view(), note }),
  });
  painter.start();
  // What has just been started has no pid yet: look again when it has.
  let again: NodeJS.Timeout | undefined;
  const changed = (): void => {
    painter.changed();
    clearTimeout(again);
    again = setTimeout(() => painter.changed(), SETTLED_MS).unref();
  };
  return {
    isLive: true,
    changed,
    makeRoom: (target) => {
      if (target === 'stderr' || process.stdout.isTTY) painter.clear();
    },
    note: (text) => {
      note = text;
      changed();
    },
    aside: (act) => painter.aside(act),
    stop: () => {
      clearTimeout(again);
      painter.stop();
    },
  };
};

const plainLines = (view: () => PoolView, say: (line: string) => void): Progress => {
  let last = '';
  const timer = setInterval(() => {
    const line = progressLine(view());
    if (line !== last) say(line);
    last = line;
  }, PLAIN_INTERVAL_MS);
  return { ...silent, note: (text) => say(`procctl: ${text}`), stop: () => clearInterval(timer) };
};

/** Begins to show the progress of a pool as the options have it. */
export const openProgress = async (
  flags: ProgressFlags,
  view: () => PoolView,
  say: (line: string) => void,
): Promise<Progress> => {
  if (flags.quiet || flags.progress === 'none') return silent;
  if (flags.progress === 'plain') return plainLines(view, say);
  // Asked of the descriptor: to make process.stderr takes a millisecond.
  const canRepaint = isatty(2) && process.env.TERM !== 'dumb' && !isPiped();
  if (flags.progress === 'auto' && !canRepaint) return silent;
  return livePainter(flags, view);
};
