// The way in: loads no more than what this run needs, for starting is part of the work of a short command.
import { EXIT } from '../errors.ts';
import { quickPs } from './quick-ps.ts';
import { isOurs, tell } from './tell.ts';
import { READER_GONE } from './write-stdout.ts';

// A bug of ours is told like any other failure; what was started is ended by the guard.
process.on('uncaughtException', (error: NodeJS.ErrnoException) => {
  // The reader of a help text went away, as `| head` does.
  if (error.code === 'EPIPE' && error.syscall === 'write') process.exit(READER_GONE);
  tell(error);
  process.exit(EXIT.internal);
});

const main = async (): Promise<void> => {
  const quick = quickPs(process.argv.slice(2));
  if (quick === undefined) {
    const { runQuick } = await import('./quick-program.lazy.ts');
    const status = await runQuick();
    if (status === undefined) return (await import('./program.lazy.ts')).runProgram();
    process.exitCode = status;
    return;
  }
  try {
    process.exitCode = await quick();
  } catch (error) {
    tell(error);
    process.exitCode = isOurs(error) ? error.exitStatus : EXIT.internal;
  }
};

void main();
