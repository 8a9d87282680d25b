import { closeSync, fsync, openSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { newLife } from '../../core/process/life.ts';
import { step } from '../../core/process/machine.ts';
import type { ProcessSpec, SpawnRequest } from '../../protocol/process-spec.ts';
import type { ProcessStatus } from '../../protocol/process-status.ts';
import { startScript } from '../../protocol/shim-script.ts';
import { bootId } from '../family/proc.ts';
import type { Home } from '../home.ts';
import { sweepBatchInputs } from './batch-input.ts';
import { checkCanRun } from './can-run.ts';
import { diskError } from './disk-error.ts';
import { FIRST_FILES, type FirstFiles } from './first-files.ts';
import { instanceSpecs } from './instance-specs.ts';
import { LastId } from './last-id.ts';
import { firstFiles } from './process-directory.ts';
import type { Registry } from './registry.ts';
import { Supervised } from './supervised.ts';
import type { Surroundings } from './surroundings.ts';
import { untilExecuting } from './until-executing.ts';

const fsyncAsync = promisify(fsync);

/** Few enough that the launcher soon has something to do. */
const LAUNCHED_TOGETHER = 8;

export interface SpawnerEvents {
  /** Some have been launched. */
  onLaunched(): void;
  /** Has a process ended and removed, with which a request has failed. */
  undo(process: Supervised): Promise<void>;
}

/** Makes new processes: their names, their directories, their first launch. */
export class Spawner {
  readonly #home: Home;
  readonly #around: Surroundings;
  readonly #registry: Registry;
  readonly #events: SpawnerEvents;
  readonly #lastId: LastId;
  /** Requests that are not answered yet, by their tokens; `isOver` never rejects. */
  readonly #underWay = new Map<string, { readonly specs: readonly ProcessSpec[]; readonly isOver: Promise<void> }>();
  /** Requests of which not all processes are there yet; they never reject. */
  readonly #creations = new Set<Promise<void>>();

  constructor(home: Home, around: Surroundings, registry: Registry, events: SpawnerEvents) {
    this.#home = home;
    this.#around = around;
    this.#registry = registry;
    this.#events = events;
    this.#lastId = new LastId(home);
  }

  /**
   * Supervises something new, once or several times.
   *
   * @returns the processes, once they execute their program, or have ended doing so, and are on the disk
   * @throws ProcctlError ERR_NAME for a name that is taken, ERR_NOT_FOUND, ERR_NOT_EXECUTABLE, ERR_CWD when it cannot
   *   be run; nothing is left of it then
   */
  async spawn(request: SpawnRequest, token: string): Promise<Supervised[]> {
    // The answer was lost with its connection, and the client asks again while the first request is still being served.
    for (let same = this.#underWay.get(token); same !== undefined; same = this.#underWay.get(token)) await same.isOver;
    // An earlier daemon may have been killed anywhere in here, and its client asks again: what is missing is made up for.
    const known = this.#registry.all.filter(({ spec }) => spec.token === token);
    if (known.length === 0) checkCanRun(request);
    const specs = this.#specsOf(request, token, known);
    const spawned = this.#spawn(known, specs);
    const over = (): void => {
      this.#underWay.delete(token);
    };
    this.#underWay.set(token, { specs, isOver: spawned.then(over, over) });
    const processes = await spawned;
    if (request.batch) this.sweepBatches();
    return processes;
  }

  /** @param known those of the request that are there already */
  #specsOf(request: SpawnRequest, token: string, known: readonly Supervised[]): ProcessSpec[] {
    const others = this.#registry.all.filter((process) => !known.includes(process)).map(({ spec }) => spec);
    const toCome = [...this.#underWay.values()].flatMap(({ specs }) => specs);
    const present = { known: known.map(({ spec }) => spec), others: [...others, ...toCome] };
    return instanceSpecs(request, token, present, () => this.#lastId.next());
  }

  async #spawn(known: readonly Supervised[], specs: readonly ProcessSpec[]): Promise<Supervised[]> {
    const started = [...known];
    try {
      const written = specs.length === 0 ? [] : await this.#noted(this.#createAll(specs, started));
      await Promise.all([this.#syncAll(known, written, started), untilAllExecuting(started)]);
    } catch (error) {
      await Promise.all(started.map((process) => this.#events.undo(process)));
      throw diskError(error);
    }
    return started;
  }

  /** Has `created` wait for it. */
  async #noted<T>(creation: Promise<T>): Promise<T> {
    const ignore = (): void => {};
    const isOver = creation.then(ignore, ignore);
    this.#creations.add(isOver);
    try {
      return await creation;
    } finally {
      this.#creations.delete(isOver);
    }
  }

  /** Once everything is there that was asked for until now: who ends all processes must not miss those in the making. */
  async created(): Promise<void> {
    await Promise.all(this.#creations);
  }

  /**
   * Makes processes and launches them, some at a time: while the first ones are being forked, the next ones are made.
   *
   * @param created is given each when it is there
   * @returns the files that have to be synced
   */
  async #createAll(specs: readonly ProcessSpec[], created: Supervised[]): Promise<readonly string[]> {
    const [first] = specs as [ProcessSpec, ...ProcessSpec[]];
    const { homeMark, tools } = this.#around;
    // What is on the disk first says already that a start was ordered: there is no moment at which it is listed and idle.
    const { life } = step(newLife(), first.policy, { tag: 'start' });
    const shim = { generation: 1, ref: null };
    const status: ProcessStatus = { life, shim, generation: 1, bootId: bootId(), seen: [] };
    const files = firstFiles(specs, status, startScript(first, homeMark, tools));
    this.#lastId.save();
    const processes = specs.map((spec) => new Supervised(this.#around, spec, status));
    // All at first: while a shim enters its cgroup, the kernel has whoever makes another one wait for many milliseconds.
    for (const process of processes) process.makeCgroup();
    for (let at = 0; at < processes.length; at += LAUNCHED_TOGETHER) {
      if (at > 0) await nextTurn();
      const some = processes.slice(at, at + LAUNCHED_TOGETHER);
      try {
        this.#create(some, files);
      } catch (error) {
        for (const process of processes.slice(at)) process.removeCgroup();
        throw error;
      }
      created.push(...some);
      const spawned = some.map(({ spec: { id, name, command } }) => ({ id, name, command }));
      this.#around.events.addAll('spawned', spawned);
      for (const process of some) process.launchFirst();
    }
    this.#events.onLaunched();
    return files.written;
  }

  /** @throws the system's error, with nothing left of them */
  #create(processes: readonly Supervised[], files: FirstFiles): void {
    try {
      for (const process of processes) {
        process.directory.create(files);
        this.#registry.add(process);
      }
    } catch (error) {
      for (const process of processes) if (this.#registry.has(process)) this.#registry.remove(process);
      throw error;
    } finally {
      files.leave();
    }
  }

  /** Everything of a request is on the disk when this is done; all at once, so that the disk can do it in one go. */
  async #syncAll(known: readonly Supervised[], written: readonly string[], all: readonly Supervised[]): Promise<void> {
    // Somebody may have removed the one in whose directory a file was written, which is that of others too.
    const left = all.filter(({ isClosed }) => !isClosed);
    const own = left.length === all.length ? known : left;
    const files = own.flatMap(({ directory }) => FIRST_FILES.map((name) => directory.file(name)));
    const directories = left.map(({ directory }) => directory.path);
    const alike = own === known ? written : [];
    await Promise.all([...files, ...alike, ...directories, this.#home.processes].map(syncFile));
  }

  /** Removes the input of batches that never came to be, because the command was killed in the middle of it. */
  sweepBatches(): void {
    const known = new Set(this.#registry.all.flatMap(({ spec }) => spec.batch?.input ?? []));
    sweepBatchInputs(this.#home.batches, known);
  }
}

/** One after the other, in the order of their starts: when the last is looked at, most are found there at the first look. */
const untilAllExecuting = async (processes: readonly Supervised[]): Promise<void> => {
  for (const process of processes) await untilExecuting(process);
};

const syncFile = async (path: string): Promise<void> => {
  const fd = openSync(path, 'r');
  try {
    await fsyncAsync(fd);
  } finally {
    closeSync(fd);
  }
};
