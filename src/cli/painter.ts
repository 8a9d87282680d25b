import stringWidth from 'string-width';

// Why not log-update 7: after the window got narrower it erases as many lines as it once wrote, and leaves what the
// terminal wrapped; it hides the cursor on process.stderr whatever its stream is; and it does so by way of signal-exit,
// which listens to SIGINT, SIGTERM and more for the rest of the process and sends itself the signal again.

const MIN_INTERVAL_MS = 100;
/** Twice a second, so that no second of ELAPSED is ever skipped. */
const TICK_MS = 500;

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const ERASE_LINE = '\x1b[2K';
const ERASE_BELOW = '\x1b[J';
/** Shown in one go where the terminal can (mode 2026), and never wrapped, even where it thinks a character wider. */
const BEGIN_FRAME = '\x1b[?2026h\x1b[?7l';
const END_FRAME = '\x1b[?7h\x1b[?2026l';

const segmenter = new Intl.Segmenter();

/** Rows a line takes once a window of `columns` has wrapped it; a wide character is not split but goes to the next row. */
const rowsTaken = (line: string, columns: number): number => {
  if (stringWidth(line) <= columns) return 1;
  let rows = 1;
  let used = 0;
  for (const { segment } of segmenter.segment(line.replace(/\x1b\[[\d;]*m/g, ''))) {
    const width = stringWidth(segment);
    used += width;
    if (used > columns) {
      rows += 1;
      used = width;
    }
  }
  return rows;
};

/** The window there is to draw in. */
export interface WindowSize {
  readonly columns: number;
  readonly rows: number;
}

export interface PainterOptions {
  /** Where to paint: a terminal. */
  readonly stream: NodeJS.WriteStream;
  /** What to paint; asked anew for every frame: at most `rows - 1` lines (the cursor needs one) of at most `columns`. */
  readonly render: (size: WindowSize) => string;
  /** Ctrl-Z is seen to by the caller, with `aside`; absent: by the painter. */
  readonly isSuspendedByCaller?: boolean;
}

/**
 * Keeps a frame painted at the end of what a terminal shows: at most ten times a second, and one that would change
 * nothing is not written. The cursor rests on the line below the frame.
 */
export class Painter {
  readonly #stream: NodeJS.WriteStream;
  readonly #render: (size: WindowSize) => string;
  /** The lines on the screen, and the window's width when they were written; none while the area is cleared. */
  #painted: { readonly lines: readonly string[]; readonly columns: number } | null = null;
  readonly #isSuspendedByCaller: boolean;
  #isStarted = false;
  #paintedAt = Number.NEGATIVE_INFINITY;
  #due: NodeJS.Timeout | undefined;
  #tick: NodeJS.Timeout | undefined;

  constructor({ stream, render, isSuspendedByCaller = false }: PainterOptions) {
    this.#isSuspendedByCaller = isSuspendedByCaller;
    this.#stream = stream;
    this.#render = render;
  }

  /** Takes the terminal and paints the first frame. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#stream.write(HIDE_CURSOR);
    this.#stream.on('resize', this.#repaint);
    if (!this.#isSuspendedByCaller) process.on('SIGTSTP', this.#suspend);
    process.on('exit', this.#showCursor);
    this.#tick = setInterval(this.#repaint, TICK_MS).unref();
    this.#paint();
  }

  /** There is something new to paint: paints now, or as soon as the last frame is 100 ms old. */
  changed(): void {
    if (!this.#isStarted || this.#due !== undefined) return;
    const waitMs = this.#paintedAt + MIN_INTERVAL_MS - performance.now();
    if (waitMs <= 0) this.#paint();
    else this.#due = setTimeout(() => this.#paint(), waitMs).unref();
  }

  /** Takes the frame off the screen, for other output to be written there; the next `changed()` brings it back. */
  clear(): void {
    this.#cancelDue();
    if (this.#painted === null) return;
    const erased = `${this.#toTop()}${ERASE_BELOW}`;
    this.#painted = null;
    this.#stream.write(erased);
  }

  /** Leaves the terminal to others as long as `act` takes. */
  aside(act: () => void): void {
    if (!this.#isStarted) {
      act();
      return;
    }
    const isWanted = this.#painted !== null || this.#due !== undefined;
    this.clear();
    this.#showCursor();
    act();
    this.#stream.write(HIDE_CURSOR);
    if (isWanted) this.#paint();
  }

  /** Leaves the terminal as it was found. */
  stop(): void {
    if (!this.#isStarted) return;
    this.clear();
    this.#isStarted = false;
    this.#showCursor();
    this.#stream.off('resize', this.#repaint);
    process.off('SIGTSTP', this.#suspend);
    process.off('exit', this.#showCursor);
    clearInterval(this.#tick);
  }

  readonly #showCursor = (): void => {
    this.#stream.write(SHOW_CURSOR);
  };

  /** While the area is cleared, others write there: only they know when it is free again. */
  readonly #repaint = (): void => {
    if (this.#painted !== null) this.#paint();
  };

  /** Ctrl-Z: the shell gets its screen and cursor back first, or it would write into the frame. */
  readonly #suspend = (): void => {
    this.aside(() => {
      process.off('SIGTSTP', this.#suspend);
      process.kill(process.pid, 'SIGTSTP'); // returns once the process is continued
      process.on('SIGTSTP', this.#suspend);
    });
  };

  #cancelDue(): void {
    clearTimeout(this.#due);
    this.#due = undefined;
  }

  #paint(): void {
    this.#cancelDue();
    this.#paintedAt = performance.now();
    // A terminal that does not tell its size says 0.
    const columns = this.#stream.columns || 80;
    const rows = this.#stream.rows || 24;
    const frame = this.#render({ columns, rows });
    const lines = frame === '' ? [] : frame.split('\n');
    const earlier = this.#painted;
    if (earlier?.columns === columns && earlier.lines.join('\n') === frame) return;
    // Written over line by line, so that nothing flickers; but what a new width has wrapped goes first.
    const cleared = earlier === null || earlier.columns === columns ? '' : ERASE_BELOW;
    const written = lines.map((line) => `${ERASE_LINE}${line}\n`).join('');
    this.#stream.write(`${BEGIN_FRAME}${this.#toTop()}${cleared}${written}${ERASE_BELOW}${END_FRAME}`);
    this.#painted = { lines, columns };
  }

  /**
   * Moves the cursor to where the frame begins. A terminal that got narrower has wrapped the frame's lines (xterm alone
   * cuts them off instead), so they are counted as they stand in the window of now.
   */
  #toTop(): string {
    const columns = this.#stream.columns || 80;
    const rows = this.#painted?.lines.reduce((sum, line) => sum + rowsTaken(line, columns), 0) ?? 0;
    return rows > 0 ? `\r\x1b[${rows}A` : '\r';
  }
}
