import { spawn } from 'node:child_process';
import { openSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { daemonFlags } from '../core/engine-flags.ts';
import { type ErrorCode, ProcctlError } from '../errors.ts';
import { type Home, openHome } from '../runtime/home.ts';

/** What the daemon takes over of whoever happens to start it: no secrets, no settings of Node, no mark of a family. */
const PASSED_ON = /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TMPDIR|XDG_RUNTIME_DIR|XDG_STATE_HOME)$/;

/**
 * For glibc, which otherwise takes the size of a large block that was freed for a sign that such blocks are better kept: after one
 * request of megabytes, the daemon might stay that much larger for ever.
 */
const ALLOCATOR = { MALLOC_MMAP_THRESHOLD_: String(128 * 1024) };

const MAX_LOG_BYTES = 1024 ** 2;

export interface StartOptions {
  /** With nothing but Node's own settings: an engine of another kind may not know ours. */
  readonly isPlain?: boolean;
}

export type StartReport = { readonly tag: 'ready'; readonly pid: number } | { readonly tag: 'busy' | 'died' };

/**
 * Starts the daemon of a home, in a session of its own and as nobody's child.
 *
 * @returns `busy` when another one has the home, which may be about to listen, or to go; `died` when it was killed before it
 *   could say anything
 * @throws ProcctlError when it cannot start, with its reason
 */
export const startDaemon = async (home: Home, { isPlain = false }: StartOptions = {}): Promise<StartReport> => {
  openHome(home);
  const log = openLog(home);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => PASSED_ON.test(name)));
  const program = join(__dirname, 'daemon.cjs');
  const flags = isPlain ? ['--no-warnings'] : daemonFlags(process.versions.v8);
  const shell = spawn('/bin/sh', ['-c', '"$@" & echo "pid $!" >&3', 'procctl', process.execPath, ...flags, program], {
    cwd: '/',
    env: { ...env, ...ALLOCATOR, PROCCTL_HOME: home.path },
    detached: true,
    stdio: ['ignore', log, log, 'pipe'],
  });
  const said = await new Promise<string>((resolve, reject) => {
    shell.once('error', reject);
    const report = shell.stdio[3] as Readable;
    let text = '';
    report.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      if (/^(ready|busy|failed).*\n/m.test(text)) resolve(text);
    });
    report.on('error', () => resolve(text));
    report.on('close', () => resolve(text));
  });
  shell.unref();
  const pid = Number(/^pid (\d+)$/m.exec(said)?.[1]);
  if (/^ready$/m.test(said)) return { tag: 'ready', pid };
  if (/^busy/m.test(said)) return { tag: 'busy' };
  const failure = /^failed (\w+) (.*)$/m.exec(said);
  if (failure !== null) throw new ProcctlError(failure[1] as ErrorCode, failure[2] as string);
  return { tag: 'died' };
};

const openLog = (home: Home): number | 'ignore' => {
  try {
    if ((statSync(home.daemonLog, { throwIfNoEntry: false })?.size ?? 0) > MAX_LOG_BYTES) truncateSync(home.daemonLog);
    return openSync(home.daemonLog, 'a', 0o600);
  } catch {
    return 'ignore';
  }
};
