import type { Life } from '../../core/process/life.ts';
import type { ProcessSpec } from '../../protocol/process-spec.ts';
import type { ProcessStatus } from '../../protocol/process-status.ts';
import { bootId } from '../family/proc.ts';
import { ProcessDirectory } from './process-directory.ts';
import type { Registry } from './registry.ts';
import { Supervised } from './supervised.ts';
import type { Surroundings } from './surroundings.ts';

/** Reads what an earlier daemon has left of a process, and goes on from there. What cannot be understood is left alone. */
export const takeOver = async (id: number, around: Surroundings, registry: Registry): Promise<void> => {
  const directory = new ProcessDirectory(around.processes, id);
  let stored: ReturnType<ProcessDirectory['read']>;
  try {
    stored = directory.read();
  } catch (error) {
    around.say(`process ${id}: cannot be read, and is left alone: ${String(error)}`);
    return;
  }
  if (stored === undefined) {
    around.say(`process ${id}: written by a newer version of procctl, or by somebody else; it is left alone`);
    return;
  }
  for (const file of stored.damage) {
    around.say(`process ${id}: ${file} is damaged; it is kept as ${file}.damaged-N`);
    around.events.add('damaged', { id, file });
    directory.setAside(file);
  }
  const { spec } = stored;
  const status = stored.status.bootId === bootId() ? stored.status : afterReboot(spec, stored.status, around);
  const process = new Supervised(around, spec, status);
  registry.add(process);
  if (stored.damage.length > 0 || status !== stored.status) process.save();
  if (stored.damage.includes('spec.json')) directory.replaceSpec(spec);
  if (stored.damage.includes('status.json')) await process.adoptUnknown();
  else await process.adopt();
  if (spec.boot && isEndedByShutdown(process.life)) process.dispatch({ tag: 'start' });
};

/** The machine went down since: nothing of what the status speaks of is alive. */
const afterReboot = (spec: ProcessSpec, status: ProcessStatus, { events }: Surroundings): ProcessStatus => {
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
  events.add('ended-by-reboot', { id: spec.id, name: spec.name });
  return {
    life: { ...life, recent: [], history: [...ending, ...life.history], state: { tag: 'exited', endedBy } },
    ...rest,
  };
};

/** Whether it ran, and ended only because the daemon or the machine did. */
export const isEndedByShutdown = ({ state, wanted }: Life): boolean =>
  wanted === 'up' && state.tag === 'exited' && (state.endedBy === 'shutdown' || state.endedBy === 'reboot');
