import {
  chownSync,
  closeSync,
  type Dirent,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { newLife } from '../../core/process/life.ts';
import type { ProcessSpec } from '../../protocol/process-spec.ts';
import { type ProcessStatus, parseStatus } from '../../protocol/process-status.ts';
import { parseSpec, sharedSpec } from '../../protocol/spawn-schema.ts';
import { bootId } from '../family/proc.ts';
import { damagedSpec } from './damaged-spec.ts';
import { FirstFiles } from './first-files.ts';

/** Stands in every file, so that a later version knows what it reads, and an earlier one that it does not. */
const FORMAT = 1;
/** Of a spec that several instances share. */
const SHARED_FORMAT = 2;

const syncPath = (path: string): void => {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
};

/** Replaces a file at once and wholly; with `sync`, it is on the disk when this returns. */
const replaceFile = (path: string, text: string, sync: boolean): void => {
  const fresh = `${path}.new`;
  const fd = openSync(fresh, 'w', 0o600);
  try {
    writeFileSync(fd, text); // all of it, or an error: a nearly full disk takes a part
    if (sync) fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(fresh, path);
  if (sync) syncPath(join(path, '..'));
};

type Stored = { readonly kind: 'absent' | 'damaged' | 'newer' } | { readonly kind: 'ok'; readonly value: unknown };

const readStored = (path: string): Stored => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return { kind: (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'absent' : 'damaged' };
  }
  try {
    const value: unknown = JSON.parse(text);
    const format = (value as { readonly format?: unknown } | null)?.format;
    if (typeof format === 'number' && format > SHARED_FORMAT) return { kind: 'newer' };
    return { kind: 'ok', value };
  } catch {
    return { kind: 'damaged' };
  }
};

/** What was found in a process's directory; `damage` says in plain words what could not be read. */
export interface StoredProcess {
  readonly spec: ProcessSpec;
  readonly status: ProcessStatus;
  readonly damage: readonly string[];
}

/** The directory of one process: its spec, its status, its pipes, its logs. */
export class ProcessDirectory {
  readonly path: string;
  readonly logs: string;

  constructor(
    processes: string,
    readonly id: number,
  ) {
    this.path = join(processes, String(id));
    this.logs = join(this.path, 'log');
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /**
   * Makes the directory with its files; it is there wholly or not at all, also after a power cut.
   *
   * @throws the system's error, with nothing left behind
   */
  create(files: FirstFiles): void {
    const fresh = join(this.path, '..', `.new-${this.id}`);
    try {
      mkdirSync(fresh, { mode: 0o700 });
      files.put(fresh, this.path);
      renameSync(fresh, this.path);
    } catch (error) {
      rmSync(fresh, { recursive: true, force: true });
      throw error;
    }
  }

  /** Puts a spec in the place of one that was set aside. */
  replaceSpec(spec: ProcessSpec): void {
    replaceFile(this.file('spec.json'), textOf(spec), true);
  }

  /** Lets another user open what is its own output: `/dev/stdout` and `/dev/stderr`. */
  giveOutput(uid: number, gid: number): void {
    for (const name of ['out', 'err']) chownSync(this.file(name), uid, gid);
  }

  /** @throws the system's error, the file then being as it was */
  writeStatus(status: ProcessStatus, { sync }: { readonly sync: boolean }): void {
    replaceFile(this.file('status.json'), textOf(status), sync);
  }

  /** Reads what is there; undefined when the directory is a newer version's, or somebody else's, and must be left alone. */
  read(): StoredProcess | undefined {
    const damage: string[] = [];
    const storedSpec = readStored(this.file('spec.json'));
    const storedStatus = readStored(this.file('status.json'));
    if (storedSpec.kind === 'newer' || storedStatus.kind === 'newer') return undefined;
    if (storedSpec.kind === 'absent' && storedStatus.kind === 'absent') return undefined;
    let spec = storedSpec.kind === 'ok' ? parseSpec(storedSpec.value, this.id) : undefined;
    if (spec === undefined) {
      damage.push('spec.json');
      spec = damagedSpec(this.id, this.path);
    }
    let status = storedStatus.kind === 'ok' ? parseStatus(storedStatus.value) : undefined;
    if (status === undefined) {
      damage.push('status.json');
      status = { life: newLife(), shim: null, generation: this.#lastGeneration(), bootId: bootId(), seen: [] };
    }
    return { spec, status, damage };
  }

  /** Keeps a damaged file for whoever wants to know, under a name that nothing else has. */
  setAside(name: string): void {
    for (let number = 1; ; number += 1) {
      const aside = this.file(`${name}.damaged-${number}`);
      try {
        readFileSync(aside);
      } catch {
        try {
          renameSync(this.file(name), aside);
        } catch {
          // Not there at all.
        }
        return;
      }
    }
  }

  #lastGeneration(): number {
    const numbers = readdirSync(this.path).map((name) => (name.startsWith('shim.') ? Number(name.slice(5)) : 0));
    return Math.max(0, ...numbers.filter(Number.isInteger));
  }

  /** Takes the process off the disk; what is interrupted is finished by `sweep`. */
  remove(): void {
    const gone = join(this.path, '..', `.gone-${this.id}`);
    renameSync(this.path, gone);
    syncPath(join(this.path, '..'));
    rmSync(gone, { recursive: true, force: true });
  }
}

const textOf = (value: object, format = FORMAT): string => `${JSON.stringify({ format, ...value })}\n`;

/** @param specs of the processes of one request, in each of whose directories they will be */
export const firstFiles = (specs: readonly ProcessSpec[], status: ProcessStatus, startScript: Buffer): FirstFiles => {
  const [spec] = specs as [ProcessSpec, ...ProcessSpec[]];
  return new FirstFiles({
    'start.sh': startScript,
    'status.json': textOf(status),
    'spec.json': specs.length > 1 ? textOf(sharedSpec(specs), SHARED_FORMAT) : textOf(spec),
  });
};

const numbersIn = (processes: string, isWanted: (entry: Dirent) => boolean): number[] => {
  let entries: Dirent[];
  try {
    entries = readdirSync(processes, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return entries
    .filter((entry) => /^[1-9]\d{0,14}$/.test(entry.name) && isWanted(entry))
    .map(({ name }) => Number(name))
    .sort((a, b) => a - b);
};

/** The ids of all processes there are, in order. */
export const listIds = (processes: string): number[] => numbersIn(processes, (entry) => entry.isDirectory());

/** The highest number that anything there has as its name: an id that is not free. */
export const highestNumber = (processes: string): number => numbersIn(processes, () => true).at(-1) ?? 0;

/** Removes what an interrupted `create` or `remove` has left. */
export const sweep = (processes: string): void => {
  for (const name of readdirSync(processes)) {
    if (/^\.(new|gone)-\d+$/.test(name)) rmSync(join(processes, name), { recursive: true, force: true });
  }
};
