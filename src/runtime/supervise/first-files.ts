import { linkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a process's directory is made with. */
export const FIRST_FILES = ['start.sh', 'status.json', 'spec.json'] as const;
type Name = (typeof FIRST_FILES)[number];

/**
 * The first files of all processes of one request, which are alike in each of them. To make a file costs the file system
 * more than to give one that is there another name; so they are written once and linked, where that can be done. It is safe
 * since none of them is ever written to again, only replaced.
 */
export class FirstFiles {
  readonly #texts: Readonly<Record<Name, string | Buffer>>;
  /** Where each was put last, as long as it is still what it was. */
  readonly #places = new Map<Name, string>();
  /** Those that had to be written, under their lasting names. */
  readonly written: string[] = [];

  constructor(texts: Readonly<Record<Name, string | Buffer>>) {
    this.#texts = texts;
  }

  /**
   * Puts them into a directory.
   *
   * @param fresh the directory
   * @param path what it will be renamed to
   * @throws the system's error
   */
  put(fresh: string, path: string): void {
    for (const name of FIRST_FILES) {
      const existing = this.#places.get(name);
      if (existing !== undefined && hasLinked(existing, join(fresh, name))) continue;
      writeFileSync(join(fresh, name), this.#texts[name], { mode: 0o600 });
      this.written.push(join(path, name));
      this.#places.set(name, join(path, name));
    }
  }

  /** The processes made so far are about to live: what their statuses are from here on is not what others begin with. */
  leave(): void {
    this.#places.delete('status.json');
  }
}

/** @returns false where there are no hard links, or no more of that file */
const hasLinked = (existing: string, path: string): boolean => {
  try {
    linkSync(existing, path);
    return true;
  } catch {
    return false;
  }
};
