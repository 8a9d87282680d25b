// Runs one command and says how long it took, from its spawn to its end.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, truncateSync } from 'node:fs';

const RSS_INTERVAL_MS = 10;

/**
 * The most memory a live process has ever had resident, in bytes; undefined when it is gone.
 * Linux alone has this; asked for again and again, since nobody tells it after the end (proc(5), VmHWM).
 */
const peakRssOf = (pid) => {
  try {
    const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return line === null ? undefined : Number(line[1]) * 1024;
  } catch {
    return undefined;
  }
};

/**
 * @param run.command a program and its arguments
 * @param run.cwd where it starts; default: here
 * @param run.env its environment; default: that of the bench
 * @param run.input file for its standard input; default: empty
 * @param run.output file for its standard output, emptied before; appended to, so that several writers at a time
 *   cannot overwrite each other; default: /dev/null
 * @param run.isMemoryWatched whether to ask for its memory; its own, not that of its children
 * @returns `elapsedMs`, and `peakRssBytes` when it was watched
 * @throws Error when the command cannot be started, or ends in anything but 0
 */
export const timedRun = async ({
  command,
  cwd,
  env = process.env,
  input = '/dev/null',
  output = '/dev/null',
  isMemoryWatched = false,
}) => {
  const descriptors = [openSync(input, 'r'), openSync(output, 'a'), openSync('/dev/null', 'w')];
  if (output !== '/dev/null') truncateSync(output);
  const [program, ...args] = command;
  const startedAt = performance.now();
  const child = spawn(program, args, { stdio: descriptors, cwd, env });
  let peakRssBytes;
  const watch = () => {
    peakRssBytes = peakRssOf(child.pid) ?? peakRssBytes;
  };
  const timer = isMemoryWatched ? setInterval(watch, RSS_INTERVAL_MS) : undefined;
  try {
    const [code, signal] = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (...end) => resolve(end));
    });
    const elapsedMs = performance.now() - startedAt;
    if (code !== 0) throw new Error(`${command.join(' ').slice(0, 200)}: ended with ${signal ?? code}`);
    return { elapsedMs, peakRssBytes };
  } finally {
    clearInterval(timer);
    for (const descriptor of descriptors) closeSync(descriptor);
  }
};
