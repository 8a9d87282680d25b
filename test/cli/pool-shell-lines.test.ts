// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what looks like a placeholder is the shell's
import { type SpawnSyncOptionsWithStringEncoding, spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { type JsonRecord, RUNNERS, runTasks, scratch } from '../helpers/procctl.ts';

/** Lines with which a shell could be talked into ending, hanging, or taking one task for another. */
const ODD_LINES = [
  ...['#', '# comment', ':', 'true', 'false', 'exit', 'exit 3', 'return 3', 'break', 'continue', 'false; exit'],
  ...[
    'fi',
    'done',
    'then',
    'do',
    'esac',
    '}',
    '{',
    ')',
    '(',
    ';;',
    '&',
    '&&',
    '||',
    '|',
    ';',
    '!',
    '! true',
    '<',
    '>',
    '<<',
    '<<EOF',
  ],
  ...[
    `'`,
    '"',
    '`',
    '$(',
    '${',
    '$((',
    'echo "',
    `echo 'a`,
    'if true',
    'for i in 1 2',
    'case x in',
    'while',
    '(echo a',
    'echo a)',
    'echo a; }',
  ],
  ...[
    'if true; then echo a; fi',
    'for i in 1 2; do echo $i; done',
    'case x in x) echo a;; esac',
    '{ echo a; }',
    '(exit 5)',
    'f() { echo $1; }; f a',
  ],
  ...[
    'echo $HOME',
    'echo "$PWD"',
    'echo a | tr a b | tr b c',
    'echo a >&2',
    'echo a >&2 | cat',
    'exit 3 | true',
    'true | exit 3',
  ],
  ...[
    'set -e; false; echo no',
    'set -u; echo $nope; echo no',
    'set -f; echo *',
    'set -- a b; echo $#$2',
    'set -x; true',
    'set -n; echo no',
    'set -v',
  ],
  ...[
    'cat <<EOF\nhello $((1+1))\nEOF',
    `cat <<'EOF'\n$x\nEOF\necho after`,
    'cat <<EOF\nnever ended',
    'cat <<-EOF\n\tx\n\tEOF',
  ],
  ...[
    'cd / && pwd',
    'cd /no/such; echo $?',
    'echo a\necho b',
    'echo a \\\n b',
    'echo a\r',
    '\necho a\n\n',
    'false\n',
    'exit 4\necho no',
  ],
  ...[
    'trap',
    'trap "echo bye" EXIT',
    'trap "echo bye" EXIT; exit 3',
    'trap "exit 9" TERM; kill $$; sleep 5',
    `trap '' TERM; kill $$; echo still`,
  ],
  ...[
    'exec true',
    'exec false',
    'exec no-such-program',
    'exec /tmp',
    'exec echo a',
    'exec >/dev/null; echo no',
    'exec 2>&1; echo a >&2',
    'exec 0</dev/null; cat',
    'exec 3>&1; echo a >&3',
  ],
  ...[
    'exec <&-; cat',
    'exec >&-; echo a',
    'exec 2>&-; echo a >&2',
    'no-such-program',
    '/tmp',
    './not-here',
    'echo a; no-such-program; echo b',
  ],
  ...[
    'read x; echo "$?[$x]"',
    'read x <<EOF\nabc\nEOF\necho $x',
    'cat',
    'cat -',
    'sh',
    'sh -s',
    'wc -c',
    'eval',
    'eval "exit 6"',
    `eval 'fi'`,
    '. /dev/null',
    '. /no/such',
    '. ./nothing',
    'command exit 7',
    'command . /no/such; echo on',
  ],
  ...[
    '[ "$(sh -c \'echo $PPID\')" = $$ ] && echo same',
    '[ $$ = "$(cut -d" " -f4 /proc/self/stat)" ] && echo parent',
    '[ "$PPID" != $$ ] && echo other',
  ],
  ...[
    'echo "[$0]"',
    'echo "$#[$*][$@][$?][$!]"',
    'echo "[$IFS]"',
    'echo $OPTIND',
    'echo $LINENO',
    'echo "${PS1-none}|${PS4-none}|${ENV-none}"',
    'alias',
    'export -p | grep -c PROCCTL_MARK=x',
    'readonly',
    'jobs',
    'umask',
    'times >/dev/null',
    'wait',
    'bg',
    'fg',
    'shift',
    'getopts a x',
    'ulimit -c',
  ],
  ...[
    'sleep 0.01 & wait $!; echo $?',
    '(exit 9) & wait $!',
    'sleep 0 &',
    '(sleep 0.05; echo late) & wait',
    'kill $$',
    'kill -9 $$',
    'kill -INT $$',
    'kill -PIPE $$',
    '(sleep 0.05; kill -CONT $$) & kill -STOP $$; echo on',
    'kill 0',
    'kill -INT 0',
    'kill -USR1 0',
    'kill -s TERM 0; echo no',
  ],
  ...[
    'sh -c "kill -9 \\$\\$"',
    'sh -c "kill -INT \\$\\$"',
    'sh -c "kill -SEGV \\$\\$"; echo $?',
    'sh -c "kill -PIPE \\$\\$"; exit 0',
    'yes | head -n 1',
    'sleep 5 & kill -9 $!; wait $!',
  ],
  ...[
    'unset PATH; ls',
    'PATH=/nowhere; ls',
    'IFS=x; a=1x2; echo $a',
    'readonly x=1; x=2; echo no',
    'x=${nope?gone}',
    ': ${nope:?}',
    'echo $((1/0))',
    'echo $((08))',
    'shift 5; echo no',
    'exit abc',
    'exit -1',
    'exit 256',
    'return',
    'local x',
    'unset -f x; unset x',
  ],
  ...[
    'echo() { exit 8; }; echo a',
    'exit() { command exit 5; }; exit',
    'cd() { :; }; export() { :; }; trap() { :; }; eval() { :; }; :',
    'alias echo="echo x"\necho a',
    'alias exit=:',
    'ulimit -f 0; echo a >f 2>/dev/null; echo $?',
  ],
  ...[
    'echo \u0001ready',
    'echo "\u0001" >&2',
    `printf '\\001ready\\n' >&2`,
    'echo Killed >&2; exit 137',
    'echo Killed >&2; kill -9 $$',
    'printf "no newline"',
    'printf "no newline" >&2',
    'echo é漢',
    'echo "\\0101"',
    'echo -n a',
    'echo -e a',
    'echo ~',
    'echo ~root',
    'echo *.none',
    'time true',
    'function f',
    'select x',
    'coproc',
    '[[ a = a ]]',
    'echo $((2**3))',
    'echo {1,2}',
    'echo <(:)',
    'source /dev/null',
    'let x=1',
    'declare x',
    'ls>/dev/null&&echo a',
    'true;true',
    'a=b',
    'a=b env | grep ^a=',
    'A=1 B=2',
    '=',
    'a=',
    '%',
    '@',
    '+',
    ',',
    '-',
    '.',
    '/',
    '-c',
    '--',
    '- a',
    '--help',
    'time',
    'in',
  ],
];

/** The home directory procctl is given by the tests. */
const HOME_OF_TEST = /\/\S*\/home$/m;

const seenPlainly = new Map<string, object>();

/** What becomes of a line without procctl. */
const plainly = (line: string): object => {
  let seen = seenPlainly.get(line);
  if (seen === undefined) {
    const options: SpawnSyncOptionsWithStringEncoding & { readonly detached: boolean } = {
      cwd: plainDirectory,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: '/home', LANG: 'C.UTF-8' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // some of the lines signal their process group
      timeout: 10_000,
    };
    const { status, signal, stdout, stderr } = spawnSync('/bin/sh', ['-c', '--', line], options);
    seen = { exitCode: status, signal, error: null, hasSaid: stderr !== '', stdout };
    seenPlainly.set(line, seen);
  }
  return seen;
};

const plainDirectory = scratch();

describe.each(RUNNERS)('a shell line run by --runner %s', (runner) => {
  let records: readonly JsonRecord[];

  beforeAll(async () => {
    const args = ['--runner', runner, '--timeout', '20s', '--stop-timeout', '1s', '--size', '3'];
    const tasks = ODD_LINES.flatMap((command) => [{ command }, { command: ['echo', 'between'] }]);
    const ended = await runTasks(tasks, { args, cwd: plainDirectory, before: 'ulimit -c 0' });
    expect(ended.stderr).toContain(`${tasks.length} tasks`);
    records = ended.records;
  });

  it.each(ODD_LINES.map((line, index) => [line, index] as const))('means what sh -c makes of it: %j', (line, index) => {
    const { stdout, exitCode, signal, error, stderr } = records[2 * index] as JsonRecord;
    const seen = { exitCode, signal, error, hasSaid: stderr !== '', stdout: stdout?.replace(HOME_OF_TEST, '/home') };
    expect(seen).toEqual(plainly(line));
  });

  it('disturbs no other task', () => {
    const others = records.filter((_, index) => index % 2 === 1);
    expect(others).toHaveLength(ODD_LINES.length);
    for (const record of others) expect(record).toMatchObject({ exitCode: 0, stdout: 'between\n', stderr: '' });
  });
});

describe('shell lines one after the other in the same slot', () => {
  it('see nothing of each other', async () => {
    const directory = scratch();
    const tasks = [
      'x=1; export Y=2; cd /; umask 0; set -f; f() { :; }; alias a=b; ulimit -f 7; IFS=:; trap "" TERM; exec 3>&1; set -- a b c; readonly z=1; PATH=',
      'echo "[$x][$Y][$#][$z][$-]"; pwd; umask; f; a; ulimit -f; echo *.none >&3; grep SigIgn /proc/self/status',
      'rm -rf ./x; kill 0',
      'echo still here',
      'exit 3',
      ['sh', '-c', 'kill -9 0'],
      'echo "and here [$?]"',
    ];
    const { records } = await runTasks(tasks, { args: ['--size', '1'], cwd: directory, before: 'umask 022' });
    const plain = spawnSync('/bin/sh', ['-c', `umask 022; ${tasks[1]}`], { cwd: directory, encoding: 'utf8' });
    expect(records[1]?.stdout?.replace('[s]', '[]')).toBe(plain.stdout);
    expect(records.slice(2)).toMatchObject([
      { signal: 'SIGTERM' },
      { stdout: 'still here\n' },
      { exitCode: 3 },
      { state: 'failed', exitCode: null }, // its slot went with it, so its end is not known
      { stdout: 'and here [0]\n' },
    ]);
  });

  it('go on after one has killed its parent', async () => {
    const tasks = [
      'echo a',
      'kill -9 $PPID',
      'echo b',
      'kill -STOP $PPID',
      ...Array.from({ length: 20 }, (_, index) => `echo ${index}`),
    ];
    const args = ['--size', '2', '--timeout', '2s', '--stop-timeout', '200ms'];
    const { records, code } = await runTasks(tasks, { args });
    expect(code).toBe(1);
    expect(records.filter((_, index) => index !== 1 && index !== 3).every(({ state }) => state === 'succeeded')).toBe(
      true,
    );
    expect(records[1]).toMatchObject({ state: 'failed', exitCode: null, error: { code: 'ERR_LANE_LOST' } });
  });
});
