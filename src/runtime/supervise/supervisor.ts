import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Life, newLife } from '../../core/process/life.ts';
import { step } from '../../core/process/machine.ts';
import { instanceNames, parseProcessName, uniqueName } from '../../core/process/name.ts';
import { type ErrorCode, ProcctlError } from '../../errors.ts';
import type { ProcessSpec, SpawnRequest } from '../../protocol/process-spec.ts';
import type { ProcessStatus } from '../../protocol/process-status.ts';
import { outcomeText } from '../../protocol/process-view.ts';
import { startScript } from '../../protocol/shim-script.ts';
import { monotonicMs } from '../clock.ts';
import { bootId, type ProcInfo } from '../family/proc.ts';
import { checkDirectory, checkProgram } from '../find-program.ts';
import type { Home } from '../home.ts';
import { lastErrorLines } from '../logs/last-lines.ts';
import { sweepBatchInputs } from './batch-input.ts';
import { Cgroups } from './cgroups.ts';
import { isDamaged } from './damaged-spec.ts';
import { EventLog } from './event-log.ts';
import { FIRST_FILES, type FirstFiles } from './first-files.ts';
import { Launcher } from './launcher.ts';
import { firstFiles, highestNumber, listIds, ProcessDirectory, sweep } from './process-directory.ts';
import { Sampler } from './sampler.ts';
import { Looker, type Snapshot } from './snapshot.ts';
import { findStartTools } from './start-tools.ts';
import { Supervised } from './supervised.ts';
import type { Surroundings } from './surroundings.ts';

const fsyncAsync = promisify(fsync);

/** How long a start may take to be seen executing its own program before it is believed to. */
const EXECUTING_PATIENCE_MS = 5_000;
/** How often it is looked whether it does, at first more often. */
const EXECUTING_PAUSE_MS = 4;
/** Few enough that the launcher soon has something to do. */
const LAUNCHED_TOGETHER = 8;
const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';

/** All supervised processes of a home. */
export class Supervisor {
  readonly #home: Home;
  readonly #around: Surroundings;
  readonly #processes = new Map<number, Supervised>();
  readonly #sampler: Sampler;
  /** Requests to spawn that are not answered yet, by their tokens; `isOver` never rejects. */
  readonly #underWay = new Map<string, { readonly specs: readonly ProcessSpec[]; readonly isOver: Promise<void> }>();
  /** Requests of which not all processes are there yet; they never reject. */
  readonly #creations = new Set<Promise<void>>();
  #lastId: number;

  private constructor(home: Home, around: Surroundings, lastId: number) {
    this.#home = home;
    this.#around = around;
    this.#lastId = lastId;
    this.#sampler = new Sampler(() => this.#processes.values(), around.looker);
  }

  /** Opens a home, and goes on with everything that runs in it. */
  static async open(home: Home, say: (text: string) => void): Promise<Supervisor> {
    const homeMark = homeMarkOf(home);
    const cgroups = Cgroups.open(homeMark);
    const around: Surroundings = {
      processes: home.processes,
      batches: home.batches,
      homeMark,
      tools: findStartTools(),
      launcher: new Launcher(home.processes, cgroups?.directory ?? ''),
      events: new EventLog(home.events),
      cgroups,
      looker: new Looker(homeMark),
      say,
    };
    sweep(home.processes);
    const ids = listIds(home.processes);
    const supervisor = new Supervisor(home, around, Math.max(lastIdOf(home), highestNumber(home.processes)));
    for (const id of ids) await supervisor.#adopt(id);
    supervisor.#sweepBatches();
    return supervisor;
  }

  get all(): Supervised[] {
    return [...this.#processes.values()];
  }

  get events(): EventLog {
    return this.#around.events;
  }

  async #adopt(id: number): Promise<void> {
    const directory = new ProcessDirectory(this.#home.processes, id);
    let stored: ReturnType<ProcessDirectory['read']>;
    try {
      stored = directory.read();
    } catch (error) {
      this.#around.say(`process ${id}: cannot be read, and is left alone: ${String(error)}`);
      return;
    }
    if (stored === undefined) {
      this.#around.say(`process ${id}: written by a newer version of procctl, or by somebody else; it is left alone`);
      return;
    }
    for (const file of stored.damage) {
      this.#around.say(`process ${id}: ${file} is damaged; it is kept as ${file}.damaged-N`);
      this.#around.events.add('damaged', { id, file });
      directory.setAside(file);
    }
    const { spec } = stored;
    const status = stored.status.bootId === bootId() ? stored.status : this.#afterReboot(spec, stored.status);
    const process = new Supervised(this.#around, spec, status);
    this.#processes.set(id, process);
    if (stored.damage.length > 0 || status !== stored.status) process.save();
    if (stored.damage.includes('spec.json')) directory.replaceSpec(spec);
    if (stored.damage.includes('status.json')) await process.adoptUnknown();
    else await process.adopt();
    if (spec.boot && isEndedByShutdown(process.life)) process.dispatch({ tag: 'start' });
  }

  /** The machine went down since: nothing of what the status speaks of is alive. */
  #afterReboot(spec: ProcessSpec, status: ProcessStatus): ProcessStatus {
    const { life } = status;
    const { state } = life;
    const isAtRest = state.tag === 'exited' || state.tag === 'failed';
    const rest = { shim: null, generation: status.generation, bootId: bootId(), seen: [] };
    if (isAtRest) return { life: { ...life, recent: [] }, ...rest };
    const main = state.tag === 'running' || (state.tag === 'stopping' && state.ending === null) ? state.main : null;
    const ending =
      main === null
        ? []
        : [
            {
              run: life.run,
              pid: main.pid,
              outcome: { kind: 'unknown' as const, why: 'the machine went down' },
              startedAt: main.startedAt,
              exitedAt: null,
              uptimeMs: null,
            },
          ];
    const endedBy = state.tag === 'stopping' && state.next.do === 'rest' ? state.next.endedBy : 'reboot';
    this.#around.events.add('ended-by-reboot', { id: spec.id, name: spec.name });
    return {
      life: { ...life, recent: [], history: [...ending, ...life.history], state: { tag: 'exited', endedBy } },
      ...rest,
    };
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
    const known = this.all.filter(({ spec }) => spec.token === token);
    if (known.length === 0) checkCanRun(request);
    const specs = this.#specsOf(request, token, known);
    const spawned = this.#spawn(known, specs);
    const over = (): void => {
      this.#underWay.delete(token);
    };
    this.#underWay.set(token, { specs, isOver: spawned.then(over, over) });
    const processes = await spawned;
    if (request.batch) this.#sweepBatches();
    return processes;
  }

  async #spawn(known: readonly Supervised[], specs: readonly ProcessSpec[]): Promise<Supervised[]> {
    const started = [...known];
    try {
      const written = specs.length === 0 ? [] : await this.#noted(this.#createAll(specs, started));
      await Promise.all([this.#syncAll(known, written, started), this.#untilAllExecuting(started)]);
    } catch (error) {
      await Promise.all(started.map((process) => this.remove(process)));
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
    this.#saveLastId();
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
    this.#sampler.wake();
    return files.written;
  }

  /** @throws the system's error, with nothing left of them */
  #create(processes: readonly Supervised[], files: FirstFiles): void {
    try {
      for (const process of processes) {
        process.directory.create(files);
        this.#processes.set(process.spec.id, process);
      }
    } catch (error) {
      for (const process of processes) if (this.#processes.has(process.spec.id)) this.#forget(process);
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

  /** @param known those of the request that are there already */
  #specsOf(request: SpawnRequest, token: string, known: readonly Supervised[]): ProcessSpec[] {
    const { name, defaultName, instances, ...rest } = request;
    const others = this.all.filter((process) => !known.includes(process)).map(({ spec }) => spec);
    const toCome = [...this.#underWay.values()].flatMap(({ specs }) => specs);
    const taken = new Set([...others, ...toCome].flatMap((spec) => [spec.name, spec.group]));
    const given = name === null ? undefined : parseProcessName(name);
    const group = known[0]?.spec.group ?? given ?? uniqueName(parseProcessName(defaultName), taken);
    const names = instances === null ? [group] : instanceNames(group, instances);
    const isTaken = [group, ...names].find((candidate) => taken.has(candidate));
    if (isTaken !== undefined) {
      throw new ProcctlError('ERR_NAME', `there is a process named ${isTaken} already`, {
        hint: `choose another name with --name, or remove it first: procctl rm ${isTaken}`,
      });
    }
    const missing = names
      .map((instanceName, index) => ({ instanceName, instance: instances === null ? null : index + 1 }))
      .filter(({ instanceName }) => !known.some(({ spec }) => spec.name === instanceName));
    return missing.map(({ instanceName, instance }) => {
      this.#lastId += 1;
      return { ...rest, id: this.#lastId, name: instanceName, group, instance, token, createdAt: Date.now() };
    });
  }

  /** Removes the input of batches that never came to be, because the command was killed in the middle of it. */
  #sweepBatches(): void {
    const known = new Set(this.all.flatMap(({ spec }) => spec.batch?.input ?? []));
    sweepBatchInputs(this.#home.batches, known);
  }

  /** One after the other, in the order of their starts: when the last is looked at, most are found there at the first look. */
  async #untilAllExecuting(processes: readonly Supervised[]): Promise<void> {
    for (const process of processes) await this.#untilExecuting(process);
  }

  async #untilExecuting(process: Supervised): Promise<void> {
    const { run } = process.life;
    await process.until(() => process.life.state.tag !== 'ready' || process.life.run !== run);
    const givenUpMs = (process.main?.startedMs ?? monotonicMs()) + EXECUTING_PATIENCE_MS;
    for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, EXECUTING_PAUSE_MS)) {
      if (process.isExecuting) return;
      const failure = startFailure(process);
      if (failure !== undefined) throw failure;
      if (process.life.state.tag !== 'running' || monotonicMs() >= givenUpMs) return;
      await sleep(pauseMs);
    }
  }

  /**
   * Ends a process, and forgets it.
   *
   * @throws ProcctlError ERR_SURVIVORS when it cannot be ended, ERR_DISK when it cannot be removed
   */
  async remove(process: Supervised): Promise<void> {
    // Somebody may have it started again meanwhile. Its last status is not kept, but goes with it: a full disk must not keep
    // anybody from removing what fills it, nor a spawn that failed from being undone.
    do await this.#end(process, 'stop');
    while (!process.isAtRest);
    if (process.isClosed) return;
    try {
      this.#forget(process);
    } catch (error) {
      throw diskError(error);
    }
    this.#around.events.add('removed', { id: process.spec.id, name: process.spec.name });
  }

  #forget(process: Supervised): void {
    process.remove();
    this.#processes.delete(process.spec.id);
  }

  /**
   * Stops a process; done when all it has started is gone.
   *
   * @throws ProcctlError ERR_SURVIVORS, naming who could not be ended
   */
  async stop(process: Supervised, { endedBy = 'stop' }: { readonly endedBy?: 'stop' | 'shutdown' }): Promise<void> {
    await this.#end(process, endedBy);
    if (!process.isClosed) process.save({ sync: true });
  }

  /** @throws ProcctlError ERR_SURVIVORS */
  async #end(process: Supervised, endedBy: 'stop' | 'shutdown'): Promise<void> {
    process.dispatch({ tag: 'stop', endedBy });
    const isAtRest = (): boolean => process.life.state.tag === 'exited' || process.life.state.tag === 'failed';
    // Kept before it is acknowledged, in whatever state it is by now.
    if (endedBy === 'stop') saveOrSay(process);
    const { run } = process.life;
    // Somebody may have it started again meanwhile: then the run that was to be stopped is over.
    const isOver = (): boolean => isAtRest() || process.survivors.length > 0 || process.life.run !== run;
    await process.until(isOver);
    if (!isAtRest() && process.survivors.length > 0) {
      const who = process.survivors.map(({ pid, command }) => `${pid} (${command})`).join(', ');
      throw new ProcctlError('ERR_SURVIVORS', `${process.spec.name}: could not be ended: ${who}`, {
        hint: 'it may be blocked in the kernel, or belong to another user',
      });
    }
  }

  /** Starts processes that are at rest; those that run are left alone. */
  async start(processes: readonly Supervised[]): Promise<void> {
    for (const process of processes) {
      checkCanStart(process.spec);
      process.dispatch({ tag: 'start' });
    }
    await this.#afterStart(processes);
  }

  async restart(processes: readonly Supervised[]): Promise<void> {
    for (const process of processes) checkCanStart(process.spec);
    for (const process of processes) process.dispatch({ tag: 'restart' });
    await this.#afterStart(processes);
  }

  /**
   * Stops everything of a process where it stands, or holds the restart it waits for; done when all is stopped, and that is
   * on the disk.
   *
   * @throws ProcctlError ERR_ENDED when there is nothing to pause, ERR_PAUSE naming who could not be stopped
   */
  async pause(process: Supervised): Promise<void> {
    // What is on its way to another run, or to wait for one, is there soon.
    const isOnItsWay = (): boolean => {
      const { state } = process.life;
      return state.tag === 'ready' || (state.tag === 'stopping' && state.next.do !== 'rest');
    };
    await process.until(() => !isOnItsWay());
    process.dispatch({ tag: 'pause' });
    if (!process.isPaused) throw notUp(process);
    process.save({ sync: true });
    const left = await process.frozen();
    if (!process.isPaused) throw notUp(process);
    if (left.length === 0) return;
    const who = left.map(({ pid, command }) => `${pid} (${command})`).join(', ');
    throw new ProcctlError('ERR_PAUSE', `${process.spec.name}: could not be stopped: ${who}`, {
      hint: 'it may belong to another user',
    });
  }

  /**
   * Has everything of a process go on, or its restart come; of one that is not paused, what else has stopped it is undone.
   *
   * @throws ProcctlError ERR_ENDED when there is nothing to resume
   */
  async resume(process: Supervised): Promise<void> {
    process.dispatch({ tag: 'resume', atMs: monotonicMs() });
    if (process.isAtRest || process.life.state.tag === 'stopping') throw notUp(process);
    await process.thawed();
    if (!process.isClosed) process.save({ sync: true });
  }

  async #afterStart(processes: readonly Supervised[]): Promise<void> {
    this.#sampler.wake();
    const runs = new Map(processes.map((process) => [process, process.life.run]));
    await Promise.all(
      processes.map(async (process) => {
        const { state } = process.life;
        // A restart is on its way as long as the old run is being ended.
        const isUnderWay = (): boolean => process.life.state.tag === 'stopping' || process.life.state.tag === 'ready';
        if (state.tag === 'stopping')
          await process.until(() => !isUnderWay() || process.life.run !== runs.get(process));
        await this.#untilExecuting(process);
        if (!process.isClosed) process.save({ sync: true });
      }),
    );
  }

  /** Starts what the daemon's end, or a reboot, had ended. */
  async restore(): Promise<Supervised[]> {
    const processes = this.all.filter(({ life }) => isEndedByShutdown(life));
    for (const process of processes) process.dispatch({ tag: 'start' });
    this.#sampler.wake();
    await Promise.all(processes.map((process) => process.until(() => process.life.state.tag !== 'ready')));
    return processes;
  }

  /** What belongs to each process at this moment, with one look at /proc. */
  look(processes: readonly Supervised[]): { readonly process: Supervised; readonly tree: ProcInfo[] }[] {
    const shims = new Set(this.all.flatMap(({ shimPid }) => shimPid ?? []));
    const mains = new Set(this.all.flatMap(({ main }) => main?.pid ?? []));
    return this.#around.looker.forList({ shims, mains }, (snapshot) => {
      const result = processes.map((process) => ({
        process,
        tree: process.main === null ? [] : process.tree(snapshot, { byMark: false }),
      }));
      return { result, members: result.flatMap(({ tree }) => tree) };
    });
  }

  snapshot(): Snapshot {
    return this.#around.looker.now();
  }

  /** Lets everything run on, for another daemon to take over. */
  letGo(): void {
    this.#sampler.close();
    for (const process of this.#processes.values()) process.letGo();
    this.#around.launcher.close();
    this.#around.cgroups?.close();
  }

  #saveLastId(): void {
    try {
      writeFileSync(join(this.#home.path, 'last-id'), `${this.#lastId}\n`, { mode: 0o600 });
    } catch {
      // The ids there are say it too, unless the last one is removed.
    }
  }
}

const notUp = ({ spec: { name }, life }: Supervised): ProcctlError =>
  new ProcctlError('ERR_ENDED', `${name} is ${life.state.tag === 'stopping' ? 'being ended' : 'not running'}`);

const isEndedByShutdown = ({ state, wanted }: Life): boolean =>
  wanted === 'up' && state.tag === 'exited' && (state.endedBy === 'shutdown' || state.endedBy === 'reboot');

/** Ids are not used again: a log or a script that speaks of one must not mean another process some day. */
const lastIdOf = (home: Home): number => {
  try {
    const id = Number(readFileSync(join(home.path, 'last-id'), 'utf8'));
    return Number.isSafeInteger(id) && id > 0 ? id : 0;
  } catch {
    return 0;
  }
};

const homeMarkOf = (home: Home): string => {
  const file = join(home.path, 'mark');
  const known = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  if (/^[0-9a-f]{16}$/.test(known)) return known;
  const mark = randomBytes(8).toString('hex');
  writeFileSync(file, `${mark}\n`, { mode: 0o600 });
  return mark;
};

const syncFile = async (path: string): Promise<void> => {
  const fd = openSync(path, 'r');
  try {
    await fsyncAsync(fd);
  } finally {
    closeSync(fd);
  }
};

const saveOrSay = (process: Supervised): void => {
  // A full disk must not keep anybody from stopping what fills it.
  if (!process.isClosed) process.save();
};

/** @throws ProcctlError ERR_CWD, ERR_NOT_FOUND or ERR_NOT_EXECUTABLE, with the true reason */
const checkCanRun = ({ cwd, argv, env }: Pick<SpawnRequest, 'cwd' | 'argv' | 'env'>): void => {
  const refusal = checkDirectory(cwd) ?? checkProgram(argv[0] as string, env.PATH ?? DEFAULT_PATH, cwd);
  if (refusal !== undefined) throw new ProcctlError(refusal.code as 'ERR_NOT_FOUND', refusal.message);
};

/** @throws ProcctlError as `checkCanRun`, and ERR_DISK when nobody knows any more what it was */
const checkCanStart = (spec: ProcessSpec): void => {
  if (isDamaged(spec)) {
    throw new ProcctlError('ERR_DISK', `${spec.name}: its spec.json is damaged; what to run is not known`, {
      hint: `spawn it anew, and remove this one: procctl rm ${spec.name}`,
    });
  }
  checkCanRun(spec);
};

/** Exit statuses of the programs in between when they could not do their part; 1 is prlimit(1)'s and setpriv(1)'s. */
const START_FAILURES: Readonly<Record<string, ErrorCode>> = {
  1: 'ERR_START',
  126: 'ERR_NOT_EXECUTABLE',
  127: 'ERR_NOT_FOUND',
};

/** Why a program that was there could not be executed after all: what one of the programs in between said of it. */
const startFailure = (process: Supervised): ProcctlError | undefined => {
  const { state, history } = process.life;
  const { name } = process.spec;
  if (state.tag === 'failed' && history.length === 0) return new ProcctlError('ERR_START', `${name}: ${state.why}`);
  const { outcome } = history[0] ?? {};
  const code = outcome === undefined ? undefined : START_FAILURES[outcomeText(outcome)];
  if (code === undefined) return undefined;
  const speakers = code === 'ERR_START' ? /^(setpriv|prlimit|nice): / : /^(env|setsid|setpriv|prlimit|nice): /;
  const said = lastErrorLines(process.directory.logs).find((line) => speakers.test(line));
  return said === undefined
    ? undefined
    : new ProcctlError(code, said.replace(/^(env|setsid): (failed to execute )?/, ''));
};

const diskError = (error: unknown): ProcctlError =>
  error instanceof ProcctlError
    ? error
    : new ProcctlError('ERR_DISK', `cannot keep the process on disk: ${(error as Error).message}`, {
        hint: 'is the disk full, or read-only?',
        cause: error,
      });
