import type { SpawnRequest } from '../../protocol/process-spec.ts';
import type { ProcInfo } from '../family/proc.ts';
import type { Home } from '../home.ts';
import { checkCanStart } from './can-run.ts';
import { Cgroups } from './cgroups.ts';
import { diskError } from './disk-error.ts';
import { endProcess } from './ending.ts';
import { EventLog } from './event-log.ts';
import { homeMarkOf } from './home-mark.ts';
import { Launcher } from './launcher.ts';
import { pauseProcess, resumeProcess } from './pausing.ts';
import { listIds, sweep } from './process-directory.ts';
import { Registry } from './registry.ts';
import { Sampler } from './sampler.ts';
import { Looker, type Snapshot } from './snapshot.ts';
import { Spawner } from './spawner.ts';
import { findStartTools } from './start-tools.ts';
import type { Supervised } from './supervised.ts';
import type { Surroundings } from './surroundings.ts';
import { isEndedByShutdown, takeOver } from './take-over.ts';
import { untilExecuting } from './until-executing.ts';

/** All supervised processes of a home, and what can be asked of them. */
export class Supervisor {
  readonly #around: Surroundings;
  readonly #registry = new Registry();
  readonly #spawner: Spawner;
  readonly #sampler: Sampler;

  private constructor(home: Home, around: Surroundings) {
    this.#around = around;
    this.#sampler = new Sampler(() => this.#registry.all, around.looker);
    this.#spawner = new Spawner(home, around, this.#registry, {
      onLaunched: () => this.#sampler.wake(),
      undo: (process) => this.remove(process),
    });
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
    const supervisor = new Supervisor(home, around);
    for (const id of ids) await takeOver(id, around, supervisor.#registry);
    supervisor.#spawner.sweepBatches();
    return supervisor;
  }

  get all(): Supervised[] {
    return this.#registry.all;
  }

  get events(): EventLog {
    return this.#around.events;
  }

  /** See `Spawner.spawn`. */
  spawn(request: SpawnRequest, token: string): Promise<Supervised[]> {
    return this.#spawner.spawn(request, token);
  }

  /** See `Spawner.created`. */
  created(): Promise<void> {
    return this.#spawner.created();
  }

  /**
   * Ends a process, and forgets it.
   *
   * @throws ProcctlError ERR_SURVIVORS when it cannot be ended, ERR_DISK when it cannot be removed
   */
  async remove(process: Supervised): Promise<void> {
    // Somebody may have it started again meanwhile. Its last status is not kept, but goes with it: a full disk must not keep
    // anybody from removing what fills it, nor a spawn that failed from being undone.
    do await endProcess(process, 'stop');
    while (!process.isAtRest);
    if (process.isClosed) return;
    try {
      this.#registry.remove(process);
    } catch (error) {
      throw diskError(error);
    }
    this.#around.events.add('removed', { id: process.spec.id, name: process.spec.name });
  }

  /**
   * Stops a process; done when all it has started is gone.
   *
   * @throws ProcctlError ERR_SURVIVORS, naming who could not be ended
   */
  async stop(process: Supervised, { endedBy = 'stop' }: { readonly endedBy?: 'stop' | 'shutdown' }): Promise<void> {
    await endProcess(process, endedBy);
    if (!process.isClosed) process.save({ sync: true });
  }

  /** See `pauseProcess`. */
  pause(process: Supervised): Promise<void> {
    return pauseProcess(process);
  }

  /** See `resumeProcess`. */
  resume(process: Supervised): Promise<void> {
    return resumeProcess(process);
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
        await untilExecuting(process);
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
    const shims = new Set<number>();
    const mains = new Set<number>();
    for (const { shimPid, main } of this.all) {
      if (shimPid !== undefined) shims.add(shimPid);
      if (main !== null) mains.add(main.pid);
    }
    return this.#around.looker.forList({ shims, mains }, (procs) => {
      const result = processes.map((process) => ({
        process,
        tree: process.main === null ? [] : process.tree(procs),
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
    for (const process of this.#registry.all) process.letGo();
    this.#around.launcher.close();
    this.#around.cgroups?.close();
  }
}
