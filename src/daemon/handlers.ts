// One handler a method: (checked parameters) to result.
import { ProcctlError } from '../errors.ts';
import { isGlob } from '../protocol/glob.ts';
import type { Done, Method, ParamsOf, Results, Waited } from '../protocol/rpc.ts';
import { selectProcesses } from '../protocol/select.ts';
import { asSpawnRequest } from '../protocol/spawn-schema.ts';
import { processText } from '../render/process-table.ts';
import { signalProc } from '../runtime/family/family.ts';
import { startLongTimer } from '../runtime/long-timer.ts';
import { signalNumber } from '../runtime/signals.ts';
import { detailsOf } from '../runtime/supervise/details.ts';
import type { Supervised } from '../runtime/supervise/supervised.ts';
import type { Supervisor } from '../runtime/supervise/supervisor.ts';
import { type CpuMemory, viewProcesses } from '../runtime/supervise/views.ts';
import type { DaemonFacts } from './facts.ts';
import type { CallContext } from './server.ts';

export type Handlers = {
  readonly [M in Method]: (params: ParamsOf<M>, context: CallContext) => Promise<Results[M]>;
};

export interface HandlerSurroundings {
  readonly supervisor: Supervisor;
  readonly facts: DaemonFacts;
  /** Ends the daemon, once the answer is on its way. */
  readonly leave: () => void;
}

const select = (supervisor: Supervisor, names: readonly string[]): Supervised[] => {
  const all = supervisor.all.map((process) => ({ ...pick(process), process }));
  return selectProcesses(all, names).map(({ process }) => process);
};

/** Those that words mean, and of those that a pattern or `all` means only what runs, or waits to. */
const selectUp = (supervisor: Supervisor, names: readonly string[]): Supervised[] => {
  const chosen = select(supervisor, names);
  const singled = select(
    supervisor,
    names.filter((name) => name !== 'all' && !isGlob(name)),
  );
  return chosen.filter((process) => !process.isAtRest || singled.includes(process));
};

const pick = ({ spec: { id, name, group } }: Supervised) => ({ id, name, group });

const doneOf = (process: Supervised, problem: Done['problem'] = null, killed = 0): Done => ({
  id: process.spec.id,
  name: process.spec.name,
  pid: process.main?.pid ?? null,
  killed,
  problem,
});

const problemOf = ({ code, message, hint }: ProcctlError): Done['problem'] => ({
  code,
  message,
  ...(hint === undefined ? {} : { hint }),
});

/** Does something to each, all at once; what fails for one does not keep it from the others. */
const forEach = async (
  processes: readonly Supervised[],
  act: (process: Supervised) => Promise<void>,
): Promise<Done[]> =>
  Promise.all(
    processes.map(async (process) => {
      const killed = (): number => (wasAtRest ? 0 : process.killedCount);
      const wasAtRest = process.isAtRest;
      try {
        await act(process);
        return doneOf(process, null, killed());
      } catch (error) {
        if (error instanceof ProcctlError) return doneOf(process, problemOf(error), killed());
        throw error;
      }
    }),
  );

const waitedOf = ({ spec, life }: Supervised): Waited => {
  const last = life.history[0]?.outcome;
  return {
    id: spec.id,
    name: spec.name,
    exitCode: last?.kind === 'exited' ? last.exitCode : null,
    signal: last?.kind === 'signaled' ? last.signal : null,
    reason: life.state.tag === 'failed' ? life.state.why : last?.kind === 'unknown' ? last.why : null,
  };
};

export const makeHandlers = ({ supervisor, facts, leave }: HandlerSurroundings): Handlers => {
  const memory: CpuMemory = new Map();
  /** Once the daemon is ending everything, nothing new begins. */
  let isStopping = false;
  const checkOpen = (): void => {
    if (isStopping) {
      throw new ProcctlError('ERR_DAEMON', 'the daemon is stopping', { hint: 'try again in a moment' });
    }
  };
  const observe = (processes: readonly Supervised[]) =>
    supervisor.look(processes).map(({ process, tree }) => ({
      spec: process.spec,
      life: process.life,
      main: process.main,
      tree,
    }));

  return {
    'daemon.status': async () => facts.status(supervisor),
    'daemon.stop': async ({ keep }) => {
      isStopping = true;
      await supervisor.created();
      const running = keep ? [] : supervisor.all.filter((process) => !process.isAtRest);
      if (!keep) supervisor.events.add('daemon-stop', {});
      const ended = await forEach(running, (process) => supervisor.stop(process, { endedBy: 'shutdown' }));
      setImmediate(leave);
      return { ended };
    },
    'daemon.restore': async () => ({ done: (await supervisor.restore()).map((process) => doneOf(process)) }),
    'process.list': async ({ wide }) => ({ processes: await viewProcesses(observe(supervisor.all), { wide, memory }) }),
    'process.table': async ({ names, face, wide, headers }) => {
      const chosen = names.length === 0 ? supervisor.all : select(supervisor, names);
      const processes = await viewProcesses(observe(chosen), { wide, memory });
      const text = processText(processes, { face, wide, headers });
      return text === undefined ? { processes } : { text };
    },
    'process.show': async ({ names, env }) => {
      const chosen = select(supervisor, names);
      const views = await viewProcesses(observe(chosen), { wide: true, memory });
      const trees = supervisor.look(chosen);
      return {
        processes: chosen.map((process, index) => {
          const view = views[index] as (typeof views)[number];
          return detailsOf(process, view, trees[index]?.tree ?? [], { env });
        }),
      };
    },
    'process.spawn': async ({ request, token }) => {
      checkOpen();
      const processes = await supervisor.spawn(asSpawnRequest(request), token);
      return {
        processes: processes.map((process) => ({
          id: process.spec.id,
          name: process.spec.name,
          pid: process.main?.pid ?? process.life.history[0]?.pid ?? null,
          instance: process.spec.instance,
          logs: process.directory.logs,
        })),
      };
    },
    'process.start': async ({ names }) => {
      checkOpen();
      const processes = select(supervisor, names);
      return { done: await forEach(processes, (process) => supervisor.start([process])) };
    },
    'process.restart': async ({ names }) => {
      checkOpen();
      const processes = select(supervisor, names);
      return { done: await forEach(processes, (process) => supervisor.restart([process])) };
    },
    'process.stop': async ({ names, now }) => {
      await supervisor.created();
      const processes = select(supervisor, names);
      const done = forEach(processes, (process) => supervisor.stop(process, {}));
      if (now) for (const process of processes) process.killNow();
      return { done: await done };
    },
    'process.remove': async ({ names, now }) => {
      await supervisor.created();
      const processes = select(supervisor, names);
      const done = forEach(processes, (process) => supervisor.remove(process));
      if (now) for (const process of processes) process.killNow();
      return { done: await done };
    },
    'process.signal': async ({ names, signal, tree }) => {
      if (signalNumber(signal) === undefined) throw new ProcctlError('ERR_REQUEST', `no signal is named ${signal}`);
      const processes = select(supervisor, names);
      return {
        done: await forEach(processes, async (process) => {
          // What is stopped could not act on it.
          if (process.isPaused && process.main !== null && !LEAVES_PAUSED.has(signal)) await supervisor.resume(process);
          sendSignal(supervisor, process, signal as NodeJS.Signals, tree);
        }),
      };
    },
    'process.pause': async ({ names }) => ({
      done: await forEach(selectUp(supervisor, names), (process) => supervisor.pause(process)),
    }),
    'process.resume': async ({ names }) => ({
      done: await forEach(selectUp(supervisor, names), (process) => supervisor.resume(process)),
    }),
    'process.wait': async ({ names, timeoutMs }, { signal }) => {
      const processes = select(supervisor, names);
      await Promise.race([
        Promise.all(processes.map((process) => process.until(() => process.isAtRest, signal))),
        elapsed(timeoutMs, signal),
      ]);
      const left = processes.filter((process) => !process.isAtRest).map(({ spec }) => spec.name);
      // The time is over, or nobody waits any more.
      if (left.length > 0) {
        throw new ProcctlError('ERR_TIMEOUT', `still going on: ${left.join(', ')}`);
      }
      return { ended: processes.map(waitedOf) };
    },
  };
};

/** Signals that leave a paused process as it is. */
const LEAVES_PAUSED: ReadonlySet<string> = new Set(['SIGSTOP', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU', 'SIGKILL']);

/** @throws ProcctlError ERR_ENDED when there is nobody to signal */
const sendSignal = (supervisor: Supervisor, process: Supervised, signal: NodeJS.Signals, wholeTree: boolean): void => {
  const { main } = process;
  const find = wholeTree ? process.wholeTree : process.tree;
  const members = main === null ? [] : find.call(process, supervisor.snapshot());
  const targets = wholeTree
    ? members
    : members.filter(({ pid, startTicks }) => pid === main?.pid && startTicks === main.startTicks);
  if (targets.length === 0) throw new ProcctlError('ERR_ENDED', `${process.spec.name} is not running`);
  for (const target of targets) signalProc(target, signal, { wake: false });
};

const elapsed = (timeoutMs: number | null, signal: AbortSignal): Promise<'elapsed'> =>
  new Promise((resolve) => {
    if (timeoutMs === null) return;
    const timer = startLongTimer(timeoutMs, () => resolve('elapsed'));
    signal.addEventListener('abort', () => timer.cancel());
  });
