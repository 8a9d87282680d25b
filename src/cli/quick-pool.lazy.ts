import { poolCommand } from './pool/command.ts';
import { runQuick } from './quick/run-quick.ts';

/** `runQuick` for `procctl pool`, without what other commands need. */
export const runQuickPool = (): Promise<number | undefined> => runQuick((_name, setStatus) => poolCommand(setStatus));
