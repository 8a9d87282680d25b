import type { StartTools } from '../../protocol/shim-script.ts';
import type { Cgroups } from './cgroups.ts';
import type { EventLog } from './event-log.ts';
import type { Launcher } from './launcher.ts';

/** What all supervised processes of a daemon have in common. */
export interface Surroundings {
  /** The directory of processes. */
  readonly processes: string;
  /** Text that only this home has, in the marks of its processes. */
  readonly homeMark: string;
  readonly tools: StartTools;
  readonly launcher: Launcher;
  readonly events: EventLog;
  /** undefined where there are none. */
  readonly cgroups: Cgroups | undefined;
  /** Calls back once the words of this turn of the event loop are read: many ends then share one look at /proc. */
  readonly afterWords: (look: () => void) => void;
  /** For the daemon's own log. */
  readonly say: (text: string) => void;
}
