import type { Life, MainProcess } from '../../core/process/life.ts';
import type { Ending } from '../../core/process/outcome.ts';
import type { ProcessSpec } from '../../protocol/process-spec.ts';
import { type EndingView, outcomeText, type ProcessView } from '../../protocol/process-view.ts';
import { monotonicMs } from '../clock.ts';
import { bytesOfPages } from '../family/page-size.ts';
import { type ProcInfo, TICK_MS } from '../family/proc.ts';
import { type ObservedState, observeStates, readScheduling } from './observe.ts';
import { listeningPorts, portsOf } from './ports.ts';

/** What a view is made of. */
export interface Observable {
  readonly spec: ProcessSpec;
  readonly life: Life;
  /** The main program, unless it is known to have ended. */
  readonly main: MainProcess | null;
  /** Everything of the process that is alive at this moment. */
  readonly tree: readonly ProcInfo[];
}

/** Time on CPUs of each process at the last look, to say what it used since. */
export type CpuMemory = Map<number, { readonly run: number; readonly ticks: number; readonly atMs: number }>;

/** Looks closer together than this say little about the use of a CPU, which is accounted in hundredths of a second. */
const MIN_CPU_WINDOW_MS = 200;

const iso = (ms: number | null | undefined): string | null =>
  ms === null || ms === undefined || ms === 0 ? null : new Date(ms).toISOString();

/** When processes began, of which it is said again and again. */
const startTexts = new WeakMap<MainProcess, string | null>();

const startText = (main: MainProcess): string | null => {
  let text = startTexts.get(main);
  if (text === undefined) {
    text = iso(main.startedAt);
    startTexts.set(main, text);
  }
  return text;
};

const sumOf = (procs: readonly ProcInfo[], field: 'cpuTicks' | 'rssPages'): number => {
  let sum = 0;
  for (const proc of procs) sum += proc[field];
  return sum;
};

/** The share of one CPU the tree has used, in percent, since the last look if that was for the same run. */
const cpuPercent = ({ spec, life, main, tree }: Observable, memory: CpuMemory, nowMs: number): number => {
  const ticks = sumOf(tree, 'cpuTicks');
  const last = memory.get(spec.id);
  const isUsable = last !== undefined && last.run === life.run && nowMs - last.atMs >= MIN_CPU_WINDOW_MS;
  const from = isUsable ? last : { ticks: 0, atMs: main?.startedMs ?? nowMs };
  if (isUsable || last === undefined || last.run !== life.run)
    memory.set(spec.id, { run: life.run, ticks, atMs: nowMs });
  const windowMs = Math.max(TICK_MS, nowMs - from.atMs);
  return Math.round((Math.max(0, ticks - from.ticks) * TICK_MS * 1000) / windowMs) / 10;
};

export const endingView = (ending: Ending): EndingView => ({
  run: ending.run,
  pid: ending.pid,
  exitCode: ending.outcome.kind === 'exited' ? ending.outcome.exitCode : null,
  signal: ending.outcome.kind === 'signaled' ? ending.outcome.signal : null,
  unknown: ending.outcome.kind === 'unknown' ? ending.outcome.why : null,
  startedAt: iso(ending.startedAt),
  exitedAt: iso(ending.exitedAt),
  uptimeMs: ending.uptimeMs === null ? null : Math.round(ending.uptimeMs),
});

type Shown = Pick<ProcessView, 'state' | 'reason' | 'dueInMs'>;

const shownState = ({ life }: Observable, observed: ObservedState | undefined, nowMs: number): Shown => {
  const { state } = life;
  const last = life.history[0];
  const ended = last === undefined ? null : outcomeText(last.outcome);
  switch (state.tag) {
    case 'ready':
      return { state: 'ready', reason: null, dueInMs: null };
    case 'running':
      // Not alive: it has ended, and its shim has not said how (yet).
      if (observed === undefined) return { state: 'exited', reason: 'not yet known', dueInMs: null };
      if (state.isPaused && observed.reason === 'stopped') return { state: 'waiting', reason: 'paused', dueInMs: null };
      return { ...observed, dueInMs: null };
    case 'waiting':
      if (state.reason === 'paused') return { state: 'waiting', reason: 'paused', dueInMs: null };
      return { state: 'waiting', reason: state.reason, dueInMs: Math.max(0, Math.round(state.dueMs - nowMs)) };
    case 'stopping': {
      const reason =
        state.next.do === 'start' ? 'to restart' : state.next.do === 'decide' ? 'what it left behind' : null;
      return { state: 'stopping', reason, dueInMs: null };
    }
    case 'exited':
      return { state: 'exited', reason: ended, dueInMs: null };
    case 'failed':
      return { state: 'failed', reason: state.why, dueInMs: null };
  }
};

/**
 * What `ps` shows of processes, with one look at the kernel for all of them.
 *
 * @param memory where to find, and to keep, what CPU time they had used; the caller's
 */
export const viewProcesses = async (
  processes: readonly Observable[],
  { wide, memory }: { readonly wide: boolean; readonly memory: CpuMemory },
): Promise<ProcessView[]> => {
  const mains = new Map<number, ProcInfo>();
  for (const { main, tree } of processes) {
    const proc = tree.find(({ pid, startTicks }) => pid === main?.pid && startTicks === main.startTicks);
    if (proc !== undefined) mains.set(proc.pid, proc);
  }
  const observed = await observeStates([...mains.values()]);
  const ports = wide ? listeningPorts() : undefined;
  const nowMs = monotonicMs();
  return processes.map((process) => {
    const { spec, life, main, tree } = process;
    const live = main !== null && mains.has(main.pid) ? main : null;
    const { state } = life;
    const last = life.history[0];
    const lived = live === null ? null : Math.max(0, nowMs - live.startedMs);
    const view: ProcessView = {
      id: spec.id,
      name: spec.name,
      group: spec.group,
      instance: spec.instance,
      pid: live?.pid ?? null,
      alive: live !== null,
      ...shownState(process, live === null ? undefined : observed.get(live.pid), nowMs),
      wanted: life.wanted,
      exitCode: last?.outcome.kind === 'exited' ? last.outcome.exitCode : null,
      signal: last?.outcome.kind === 'signaled' ? last.outcome.signal : null,
      endedBy: state.tag === 'exited' ? state.endedBy : null,
      restarts: life.restarts,
      startedAt: main === null ? iso(last?.startedAt) : startText(main),
      exitedAt: live === null ? iso(last?.exitedAt) : null,
      uptimeMs: lived === null ? null : Math.round(lived),
      cpuPercent: live === null ? null : cpuPercent(process, memory, nowMs),
      memoryBytes: live === null ? null : bytesOfPages(sumOf(tree, 'rssPages')),
      command: spec.command,
      cwd: spec.cwd,
      restart: spec.policy.restart,
      boot: spec.boot,
    };
    if (ports === undefined) return view;
    return { ...view, ...shares(live, lived), ports: [...new Set(tree.flatMap(({ pid }) => portsOf(pid, ports)))] };
  });
};

type Shares = Pick<ProcessView, 'onCpuShare' | 'queuedShare' | 'asleepShare'>;

/** How the main program has spent its life. */
const shares = (main: MainProcess | null, livedMs: number | null): Shares => {
  const scheduling = main === null ? undefined : readScheduling(main.pid);
  if (scheduling === undefined || livedMs === null || livedMs === 0) {
    return { onCpuShare: null, queuedShare: null, asleepShare: null };
  }
  const share = (ns: number): number => Math.min(1, Math.round(ns / livedMs / 1000) / 1000);
  const onCpuShare = share(scheduling.onCpuNs);
  const queuedShare = Math.min(1 - onCpuShare, share(scheduling.queuedNs));
  return { onCpuShare, queuedShare, asleepShare: Math.round((1 - onCpuShare - queuedShare) * 1000) / 1000 };
};
