// What the daemon and the shims say to each other. A shim is a POSIX shell, the parent of one supervised process and
// nothing else: it outlives the daemon, keeps the pipes open, and knows how the process ended.
//
// Four named pipes lie in the process's directory: `out` and `err` (what the process writes), `ctl` (to the shim: `go RUN`,
// `say`: repeat how the last run ended, `bye GENERATION`) and `ev` (from the shim). A shim holds all of them open for reading and writing, so nobody sees an end of file,
// or SIGPIPE, because the daemon died. Its words on `ev`, a line each and each in one write:
//
//   hello GENERATION STAT          it has begun; STAT is its own line of /proc/PID/stat
//   started RUN STAT               the process was forked, and will execute its program next
//   outside RUN                    the shim could not enter its cgroup, so the process is not in it
//   [1] + Done(7)                  what `jobs` says of the process that ended: the only way to have a shell tell an
//   ended RUN STATUS UPTIME        exit code from a signal of the same number; when: seconds since boot
//
// The process is started as a job in the background, since only of such a job does a shell say so. A shell without job
// control has SIGINT and SIGQUIT ignored in it; env(1) sets them back, and setsid(1) gives it a session of its own.
import type { ProcessOutcome } from '../core/process/outcome.ts';
import { encodeBytes } from './bytes.ts';
import type { LimitName, ProcessSpec } from './process-spec.ts';
import { isShellVariable, shellQuote } from './shell-text.ts';

/** In the command line of the launcher and of the shims that it forks. */
export const LAUNCHER_TITLE = 'procctl-shim';

/**
 * The launcher: a shell in the directory of processes that forks shims, twice, so that they belong to nobody. A spawn by the
 * daemon itself would cost more, and ever more as its memory grows. A line of its input is `mk ID…` (make the pipes, and
 * answer `made` or `failed`) or `up ID:GENERATION:RUN:INSTANCE…`, to begin with that run. It ends with its input, that is with the
 * daemon. $1 is the directory of cgroups, or empty.
 *
 * A generation is claimed by making a file `shim.GENERATION` that must not be there: a daemon that takes over can so rule
 * out that a launcher of its predecessor is still about to start a shim.
 */
export const LAUNCHER_SCRIPT = `
set -f
exec 2>/dev/null
shim() {
  unset IFS
  # For start.sh, which several instances have in common.
  id=$1 instance=$4
  cd "$1" || exit
  read -r me </proc/self/stat || exit
  set -C
  echo "$me" >"shim.$2"
  [ $? -eq 2 ] && exit
  set +C
  exec 3<>ev 4<>ctl 5<>out 6<>err </dev/null >/dev/null || exit
  trap : HUP INT TERM USR1 USR2 ALRM
  echo "hello $2 $me" >&3
  generation=$2 last=0 end= outside=
  # What the shim forks is born in its cgroup: to move a process costs the kernel many milliseconds, to fork one nothing.
  [ -z "$5" ] || echo 0 >"$5/cgroup.procs" || outside=1
  echo "go $3" >&4
  while read -r word run rest <&4; do
    case $word in
    bye) [ "$run" != "$generation" ] || exit ;;
    say) [ -z "$end" ] || echo "$end" >&3 ;;
    go)
      [ "$run" -gt "$last" ] || continue
      last=$run end= stat=
      [ -z "$outside" ] || echo "outside $run" >&3
      { . ./start.sh; } >&5 2>&6 3>&- 4>&- 5>&- 6>&- &
      pid=$!
      read -r stat </proc/$pid/stat
      echo "started $run $stat" >&3
      while :; do
        wait "$pid"; status=$?
        kill -0 "$pid" || break
      done
      jobs >&4; echo '[' >&4; job=
      while read -r line <&4; do
        case $line in
        '[') break ;;
        '['*) job=$line ;;
        esac
      done
      read -r uptime idle </proc/uptime
      end="$job
ended $run $status $uptime"
      echo "$end" >&3
      # The home was removed: nobody will ever say bye.
      [ -p ctl ] || exit ;;
    esac
  done
}
missing() {
  pipes=
  for id in $rest; do
    for name in out err ctl ev; do [ -p "$id/$name" ] || pipes="$pipes $id/$name"; done
  done
}
cgroups=$1
while read -r word rest; do
  case $word in
  mk)
    missing
    # A launcher that outlived its daemon may be making the same ones.
    if [ -z "$pipes" ] || mkfifo -m 600 $pipes || { missing; [ -z "$pipes" ]; }; then echo made; else echo failed; fi ;;
  up)
    (
      for start in $rest; do
        IFS=:
        shim $start "\${cgroups:+$cgroups/\${start%%:*}}" &
      done
    ) ;;
  esac
done
`;

/** Where the programs are that stand between the shim and the process; absolute, or undefined where they are missing. */
export interface StartTools {
  readonly setsid: string;
  readonly env: string;
  /** Whether this env(1) knows `--default-signal`. */
  readonly canResetSignals: boolean;
  readonly nice: string;
  readonly prlimit: string;
  readonly setpriv: string;
}

const limitText = (value: number | null): string => (value === null ? 'unlimited' : String(value));

/** Programs that change what the process is, and then execute the next; the last one gives it a session of its own. */
const chain = (spec: ProcessSpec, argv: readonly string[], tools: StartTools): string[] => {
  const words: string[] = [];
  const oddVariables = Object.entries(spec.env).filter(([name]) => !isShellVariable(name));
  if (tools.canResetSignals || oddVariables.length > 0) {
    words.push(tools.env, ...(tools.canResetSignals ? ['--default-signal=INT,QUIT'] : []));
    words.push('--', ...oddVariables.map(([name, value]) => `${name}=${value}`));
  }
  if (spec.nice !== null) words.push(tools.nice, '-n', String(spec.nice));
  const limits = Object.entries(spec.limits) as [LimitName, { soft: number | null; hard: number | null }][];
  if (limits.length > 0) {
    words.push(
      tools.prlimit,
      ...limits.map(([name, { soft, hard }]) => `--${name}=${limitText(soft)}:${limitText(hard)}`),
    );
  }
  if (spec.user !== null) {
    // A number without an entry among the users has no groups to look up.
    const groups = /^\d+$/.test(spec.user.name) ? '--clear-groups' : '--init-groups';
    words.push(tools.setpriv, `--reuid=${spec.user.uid}`, `--regid=${spec.user.gid}`, groups);
  }
  return [...words, tools.setsid, '--', ...argv];
};

/** What stands in the command line of a process that has not executed its own program yet; see `isStillStarting`. */
const beforeProgram = (tools: StartTools): string => `${tools.setsid}\0--\0`;

/** Whether a command line, as in /proc/PID/cmdline, is still one of the programs in between, or none at all. */
export const isStillStarting = (commandLine: string, tools: StartTools): boolean =>
  commandLine === '' || commandLine.includes(beforeProgram(tools)) || commandLine.includes(`\0${LAUNCHER_TITLE}\0`);

const markOfHome = (homeMark: string): string => `/${homeMark}.`;

/** What the marks of all runs of a process have in common. */
export const markOfProcess = (homeMark: string, id: number): string => `${markOfHome(homeMark)}${id}.`;

/** The mark that every process of a run carries in its environment, as `PROCCTL_MARK`. */
export const markOfRun = (homeMark: string, id: number, run: number): string => `${markOfProcess(homeMark, id)}${run}/`;

/**
 * `start.sh`: POSIX shell text that turns the shell into the process, the same for all instances of one request. The environment is set by the shell, not by
 * arguments of env(1), so that no value is ever seen in a list of processes; only names that shells drop go that way.
 *
 * @param homeMark text that only this home has
 */
export const startScript = (spec: ProcessSpec, homeMark: string, tools: StartTools): Buffer => {
  // $run, $id and $instance are the shim's; the process's own variables come after them, since one may have such a name.
  const own: [string, string][] = [
    ['PROCCTL_ID', '"$id"'],
    ['PROCCTL_NAME', spec.instance === null ? shellQuote(spec.name) : `${shellQuote(spec.group)}-"$instance"`],
    ...(spec.instance === null ? [] : [['PROCCTL_INSTANCE', '"$instance"'] as [string, string]]),
  ];
  const argvAgain = spec.batch?.argvAgain ?? null;
  const lines = [
    ...(argvAgain === null ? [] : ['set --; [ "$run" -eq 1 ] || set -- again']),
    ...(typeof spec.stdin === 'string' ? [`exec <${shellQuote(spec.stdin)}`] : []),
    `cd -P ${shellQuote(spec.cwd)} || exit 126`,
    'unset PWD OLDPWD',
    `export PROCCTL_MARK=${shellQuote(markOfHome(homeMark))}"$id.$run/"`,
    ...own.map(([name, value]) => `export ${name}=${value}`),
    ...Object.entries(spec.env)
      .filter(([name]) => isShellVariable(name) && name !== 'PROCCTL_MARK' && !own.some(([taken]) => taken === name))
      .map(([name, value]) => `export ${name}=${shellQuote(value)}`),
    ...(spec.umask === null ? [] : [`umask ${spec.umask.toString(8)}`]),
    ...(argvAgain === null
      ? []
      : [`[ "$#" -eq 0 ] || exec ${chain(spec, argvAgain, tools).map(shellQuote).join(' ')}`]),
    `exec ${chain(spec, spec.argv, tools).map(shellQuote).join(' ')}`,
    '',
  ];
  return encodeBytes(lines.join('\n'));
};

export type ShimWord =
  | { readonly tag: 'hello'; readonly generation: number; readonly stat: string }
  | { readonly tag: 'started'; readonly run: number; readonly stat: string }
  | { readonly tag: 'outside'; readonly run: number }
  | { readonly tag: 'ended'; readonly run: number; readonly outcome: ProcessOutcome; readonly uptimeMs: number };

/**
 * Reads the words of a shim, in whatever pieces they come.
 *
 * @param signalName name of a signal number
 */
export class ShimReader {
  #rest = '';
  #job = '';

  constructor(private readonly signalName: (signal: number) => string) {}

  read(piece: string): ShimWord[] {
    const lines = (this.#rest + piece).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#word(line) ?? []);
  }

  #word(line: string): ShimWord | undefined {
    const hello = /^hello (\d+) (.*)$/.exec(line);
    if (hello !== null) return { tag: 'hello', generation: Number(hello[1]), stat: hello[2] as string };
    const started = /^started (\d+) (.*)$/.exec(line);
    if (started !== null) return { tag: 'started', run: Number(started[1]), stat: started[2] as string };
    const outside = /^outside (\d+)$/.exec(line);
    if (outside !== null) return { tag: 'outside', run: Number(outside[1]) };
    const ended = /^ended (\d+) (\d+) ([\d.]+)$/.exec(line);
    if (ended === null) {
      this.#job = line;
      return undefined;
    }
    const job = this.#job;
    this.#job = '';
    const outcome = outcomeOfJob(job, Number(ended[2]), this.signalName);
    return { tag: 'ended', run: Number(ended[1]), outcome, uptimeMs: Number(ended[3]) * 1000 };
  }
}

/**
 * How a job ended: `jobs` calls an exit `Done` or `Done(7)` (dash, busybox ash) or `Exit 7` (bash), and a signal by its
 * description. `status` is 128 plus its number then.
 */
const outcomeOfJob = (job: string, status: number, signalName: (signal: number) => string): ProcessOutcome => {
  if (status <= 128) return { kind: 'exited', exitCode: status };
  const words = /^\[\d+\]\s*\+?\s*(.*)$/.exec(job)?.[1]?.trim();
  if (words === undefined)
    return { kind: 'unknown', why: `ended with status ${status}: exit code or signal, the shell does not say` };
  if (/^(Done|Exit)\b/.test(words)) return { kind: 'exited', exitCode: status };
  return { kind: 'signaled', signal: signalName(status - 128) };
};
