import type { AttemptOutcome } from '../core/pool/outcome.ts';

/** Statuses of the two signals that dash and busybox ash end a command with silently (SIGINT, SIGPIPE). */
const SILENT: Readonly<Record<number, NodeJS.Signals>> = { 130: 'SIGINT', 141: 'SIGPIPE' };

/**
 * What a shell's `$?` says of the command it waited for.
 *
 * @param status `$?`, 0..255
 * @param wasAnnounced whether the shell said on its standard error that a signal ended the command
 * @param silence what is known when `status` is that of a silent signal: the command ended by itself, or by the
 *   signal, or it cannot be told
 * @param signalName name of a signal number, undefined when there is none
 */
export const outcomeOfStatus = (
  status: number,
  wasAnnounced: boolean,
  silence: 'exited' | 'signaled' | 'unknown',
  signalName: (signal: number) => NodeJS.Signals | undefined,
): AttemptOutcome => {
  const silent = SILENT[status];
  if (silent !== undefined && silence === 'signaled') return { kind: 'signaled', signal: silent };
  if (silent !== undefined && silence === 'unknown') {
    return {
      kind: 'error',
      code: 'ERR_AMBIGUOUS_END',
      message: `ended with status ${status}: exit code ${status} or ${silent}, which the shell does not tell apart (--runner spawn does)`,
    };
  }
  if (!wasAnnounced || status <= 128) return { kind: 'exited', exitCode: status };
  const signal = signalName(status - 128);
  if (signal !== undefined) return { kind: 'signaled', signal };
  // A real-time signal: it has a number, but no name.
  return { kind: 'error', code: 'ERR_SIGNAL', message: `ended by signal ${status - 128}` };
};
