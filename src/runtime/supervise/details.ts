import type { Life } from '../../core/process/life.ts';
import type { ProcessSpec } from '../../protocol/process-spec.ts';
import type { ProcessDetails, ProcessView } from '../../protocol/process-view.ts';
import type { ProcInfo } from '../family/proc.ts';
import { readAllProcs } from '../family/proc.ts';
import { lastErrorLines } from '../logs/last-lines.ts';
import { listeningPorts, portsOf } from './ports.ts';
import type { ProcessDirectory } from './process-directory.ts';
import { endingView } from './views.ts';

/** How servers of many languages say that somebody else has their port. */
const ADDRESS_IN_USE = /EADDRINUSE|address (?:is )?already in use|Only one usage of each socket address/i;
const PORT = /(?::|port |port=|PORT: )(\d{2,5})\b/gi;

/** The port that a process says it could not get. */
const portWanted = (lines: readonly string[]): number | undefined => {
  const at = lines.findIndex((line) => ADDRESS_IN_USE.test(line));
  if (at === -1) return undefined;
  // In the same line as a rule; Node prints `port: 8080` some lines below.
  for (const line of lines.slice(at)) {
    for (const [, digits] of line.matchAll(PORT)) {
      const port = Number(digits);
      if (port > 0 && port < 65_536) return port;
    }
  }
  return undefined;
};

const holderOf = (port: number): ProcInfo | undefined => {
  const ports = new Map([...listeningPorts()].filter(([, number]) => number === port));
  return ports.size === 0 ? undefined : readAllProcs().find(({ pid }) => portsOf(pid, ports).length > 0);
};

/** Whose details these are: with a daemon or without. */
export interface Described {
  readonly spec: ProcessSpec;
  readonly life: Life;
  readonly directory: ProcessDirectory;
  /** Absent without a daemon: nobody writes the log then. */
  readonly droppedLogLines?: number;
}

/** All that is known of a process. */
export const detailsOf = (
  process: Described,
  view: ProcessView,
  tree: readonly ProcInfo[],
  { env }: { readonly env: boolean },
): ProcessDetails => {
  const { spec, life } = process;
  const stderrTail = lastErrorLines(process.directory.logs);
  const port = portWanted(stderrTail);
  const holder = port === undefined ? undefined : holderOf(port);
  const main = tree.filter(({ pid }) => pid === view.pid);
  return {
    ...view,
    argv: spec.argv,
    okExitCodes: spec.policy.okExitCodes,
    maxRestarts: spec.policy.restartLimit.max,
    withinMs: spec.policy.restartLimit.withinMs,
    backoffMinMs: spec.policy.backoff.minMs,
    backoffMaxMs: spec.policy.backoff.maxMs,
    stableAfterMs: spec.policy.stableAfterMs,
    stopSignal: spec.stopSignal,
    stopTimeoutMs: spec.stopTimeoutMs,
    logMaxBytes: spec.logMaxBytes,
    logKeep: spec.logKeep,
    logDroppedLines: process.droppedLogLines ?? null,
    nice: spec.nice,
    limits: spec.limits,
    user: spec.user?.name ?? null,
    createdAt: new Date(spec.createdAt).toISOString(),
    directory: process.directory.path,
    history: life.history.map(endingView),
    tree: [...main, ...tree.filter(({ pid }) => pid !== view.pid)].map(({ pid, command, state }) => ({
      pid,
      command,
      state,
    })),
    stderrTail,
    portConflict: port === undefined ? null : { port, pid: holder?.pid ?? null, command: holder?.command ?? null },
    env: Object.fromEntries(Object.entries(spec.env).map(([name, value]) => [name, env ? value : null])),
  };
};
