import type { StartTools } from '../../protocol/shim-script.ts';
import type { Cgroups } from './cgroups.ts';
import type { EventLog } from './event-log.ts';
import type { Launcher } from './launcher.ts';
import type { Looker } from './snapshot.ts';

/** What all supervised processes of a daemon have in common. */
export interface Surroundings {
  /** The directory of processes. */
  readonly processes: string;
  /** The directory of the input of batches. */
  readonly batches: string;
  /** Text that only this home has, in the marks of its processes. */
  readonly homeMark: string;
  readonly tools: StartTools;
  readonly launcher: Launcher;
  readonly events: EventLog;
  /** undefined where there are none. */
  readonly cgroups: Cgroups | undefined;
  /** The one way to look at /proc. */
  readonly looker: Looker;
  /** For the daemon's own log. */
  readonly say: (text: string) => void;
}
