import { commandNamed } from './commands.ts';
import { runQuick } from './quick/run-quick.ts';

/** See `runQuick`. */
export const runQuickProgram = (): Promise<number | undefined> => runQuick(commandNamed);
