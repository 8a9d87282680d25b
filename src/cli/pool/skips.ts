import type { FailedNeed } from '../../core/pool/outcome.ts';
import { skipLine } from '../../render/skip-text.ts';

/** At most one line for each cause in this time. */
const INTERVAL_MS = 1000;

/** As many as a line names, at the most. */
const KEPT = 8;

interface Label {
  readonly id: string;
  readonly name: string;
}

/**
 * Tells of tasks that are skipped, those with one cause in one line: a failure may take a thousand tasks with it. The
 * first line comes at once; with NDJSON, where tasks that need a failed one may go on coming, further ones are gathered.
 */
export class SkipTeller {
  readonly #say: (line: string) => void;
  readonly #gathered = new Map<string, { root: FailedNeed; count: number; first: Label[] }>();
  #toldAt = Number.NEGATIVE_INFINITY;
  #isDue = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  add(task: Label, root: FailedNeed): void {
    const skips = this.#gathered.get(root.id) ?? { root, count: 0, first: [] };
    this.#gathered.set(root.id, skips);
    skips.count += 1;
    if (skips.first.length < KEPT) skips.first.push({ id: task.id, name: task.name });
    if (this.#isDue) return;
    this.#isDue = true;
    const waitMs = this.#toldAt + INTERVAL_MS - performance.now();
    // What one failure skips is told in the same turn of the event loop, so a microtask comes after all of it.
    if (waitMs <= 0) queueMicrotask(() => this.flush());
    else this.#timer = setTimeout(() => this.flush(), waitMs).unref();
  }

  /** Tells what has been gathered; to be called at the end, too. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#isDue = false;
    if (this.#gathered.size === 0) return;
    for (const skips of this.#gathered.values()) this.#say(skipLine(skips));
    this.#gathered.clear();
    this.#toldAt = performance.now();
  }
}
