import { EXIT } from '../errors.ts';
import { jsonArray } from '../protocol/json-lines.ts';
import type { ProcessDetails } from '../protocol/process-view.ts';
import { renderProcessShow } from '../render/process-show.ts';
import { READER_GONE, writeStdout } from './write-stdout.ts';

/** The options of `procctl show`, as commander delivers them. */
export interface ShowFlags {
  readonly env: boolean;
  readonly json: boolean;
}

/** What `show` needs of the world. */
export interface ShowPorts {
  /** All that is known of the named; rejects for a name that nobody has. `env`: with the values of the environment. */
  readonly fetch: (names: readonly string[], options: { readonly env: boolean }) => Promise<readonly ProcessDetails[]>;
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
}

/** Prints all that is known of the named processes and resolves to the exit status. */
export const runShow = async (names: readonly string[], flags: ShowFlags, ports: ShowPorts): Promise<number> => {
  const processes = await ports.fetch(names, { env: flags.env });
  const now = ports.now();
  const text = flags.json
    ? jsonArray(processes)
    : processes.map((details) => renderProcessShow(details, now)).join('\n\n');
  return (await writeStdout(text)) ? EXIT.done : READER_GONE;
};
