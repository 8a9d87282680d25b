import { type ChildProcess, spawn } from 'node:child_process';
import { readProc } from './family/proc.ts';

/**
 * Waits for the end of the process that has started it, however that comes: the descriptor it reads from ends. Then the
 * processes that were named to it are ended (SIGTERM, a second, SIGKILL), if pid and start time still agree, and the directories
 * removed. It is nobody's child and leads a session of its own, so what ends its host's whole group leaves it alone.
 */
const SCRIPT = `
trap '' HUP INT TERM
(
pids= dirs= nl='
'
while IFS= read -r line; do
  rest=\${line#* }
  case $line in
    'pid '*) pids="$pids$rest$nl";;
    'gone '*)
      kept=
      while IFS= read -r known; do
        [ -z "$known" ] || [ "$known" = "$rest" ] || kept="$kept$known$nl"
      done <<END
$pids
END
      pids=$kept;;
    'dir '*) dirs="$dirs$rest$nl";;
  esac
done <&3
same() {
  { read -r stat </proc/$1/stat; } 2>/dev/null || return 1
  set -- "$2" \${stat##*) }
  [ "$1" = "\${21}" ] && [ "$2" != Z ]
}
each() {
  left=
  while read -r pid start; do
    [ -n "$pid" ] && same "$pid" "$start" || continue
    left="$left$pid $start$nl"
    for signal; do kill -"$signal" "$pid"; done
  done <<END
$pids
END
  pids=$left
  [ -n "$pids" ]
}
if each TERM CONT; then
  tries=10
  while [ "$tries" -gt 0 ] && each; do sleep 0.1 || sleep 1; tries=$((tries - 1)); done
  each KILL
fi
while IFS= read -r dir; do [ -z "$dir" ] || rm -rf -- "$dir"; done <<END
$dirs
END
) 2>/dev/null &
`;

let shell: ChildProcess | undefined;

const tell = (line: string): void => {
  if (shell === undefined) {
    shell = spawn('/bin/sh', ['-c', SCRIPT, 'procctl-guard'], {
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      cwd: '/',
    });
    // Without a guard (no descriptor, no process to be had) all that is lost is the cleaning up after a SIGKILL.
    shell.on('error', () => {});
    shell.unref();
    const pipe = shell.stdio?.[3] as (NodeJS.WritableStream & { unref?(): void }) | undefined;
    pipe?.on('error', () => {});
    pipe?.unref?.();
  }
  (shell.stdio?.[3] as NodeJS.WritableStream | undefined)?.write(`${line}\n`);
};

/** Has a directory removed when this process has ended, however it ends. @param path without a newline */
export const guardDirectory = (path: string): void => tell(`dir ${path}`);

/**
 * Has a process ended, within about a second, when this one has ended, however it ends.
 *
 * @returns says that it is gone already
 */
export const guardProcess = (pid: number): (() => void) => {
  const startTicks = readProc(pid)?.startTicks;
  if (startTicks === undefined) return () => {};
  tell(`pid ${pid} ${startTicks}`);
  return () => tell(`gone ${pid} ${startTicks}`);
};
