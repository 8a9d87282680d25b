import { type FSWatcher, watch } from 'node:fs';

/** How often everything is looked at, whatever the system tells or does not tell us. */
const POLL_MS = 500;

/**
 * Tells which of some directories may hold something new. The system's word for it comes at once; what it misses (a
 * directory that was not there yet, a file system that tells nothing, too many watches) is found by looking, twice a second.
 */
export class LogWatch {
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #directories: readonly string[];
  #changed = new Set<string>();
  #wake: (() => void) | undefined;

  constructor(directories: readonly string[]) {
    this.#directories = directories;
    this.#watchAll();
  }

  /** The directories to look at: those that changed since the last call. */
  take(): ReadonlySet<string> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  /** Resolves as soon as `take` has something to give, or `signal` is aborted. */
  async wait(signal: AbortSignal): Promise<void> {
    if (this.#changed.size === 0 && !signal.aborted) await this.#sleep(signal);
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #sleep(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(() => {
        this.#watchAll();
        this.#changed = new Set(this.#directories);
        wake();
      }, POLL_MS);
      signal.addEventListener('abort', wake, { once: true });
      this.#wake = wake;
    });
  }

  #watchAll(): void {
    for (const directory of this.#directories) {
      if (this.#watchers.has(directory)) continue;
      try {
        const watcher = watch(directory, () => this.#note(directory));
        watcher.on('error', () => this.#drop(directory));
        this.#watchers.set(directory, watcher);
      } catch {
        // Not there yet, or no watch left: the look twice a second has to do.
      }
    }
  }

  #note(directory: string): void {
    this.#changed.add(directory);
    this.#wake?.();
  }

  #drop(directory: string): void {
    this.#watchers.get(directory)?.close();
    this.#watchers.delete(directory);
    this.#note(directory);
  }
}
