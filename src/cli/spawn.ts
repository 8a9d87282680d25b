import { Command } from 'commander';
import type { SpawnRequest } from '../protocol/process-spec.ts';
import { type SpawnFlags, spawnOptions } from './spawn-flags.ts';
import { makeSpawnRequest } from './spawn-request.ts';

/** Has a request carried out and says what came of it; resolves to the exit status. */
export type RunSpawn = (request: SpawnRequest, flags: SpawnFlags) => Promise<number>;

const EXAMPLES = `
Options end at the script or command; what follows belongs to it. -- ends them too.
A script is run by what its extension says (.js .mjs .cjs .ts .mts .cts .py .sh .bash .rb .pl .php .lua …), or by itself if it
is executable and has a #! line; a program is looked up in PATH.

Examples:
  procctl spawn server.js --port 8080
  procctl spawn --name web --instances 4 -e NODE_ENV=production ./server.js
  procctl spawn --restart always --backoff 500ms..1m --limit nofile=65536 redis-server --port 7000
  procctl spawn --shell 'tail -F app.log | grep --line-buffered ERROR'

See docs/spawn.md.`;

/** `procctl spawn`; the exit status goes to `setStatus`. The program above it has to enable positional options. */
export const spawnCommand = (setStatus: (status: number) => void, run: RunSpawn): Command => {
  const command = new Command('spawn')
    .summary('start a process and keep it running')
    .description('Start a script or a command, and supervise it: restarts, logs, a clean stop.')
    .usage('[options] <script|command> [args...]')
    .argument('<script|command>', 'what to run; with --shell a line')
    .argument('[args...]', 'its arguments')
    .passThroughOptions()
    .addHelpText('after', EXAMPLES);
  for (const option of spawnOptions()) command.addOption(option);
  return command.action(async (word: string, args: string[], flags: SpawnFlags) =>
    setStatus(await run(await makeSpawnRequest([word, ...args], flags), flags)),
  );
};
