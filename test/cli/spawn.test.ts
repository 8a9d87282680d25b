// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what looks like a placeholder is the shell's
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type CommandOptions, TestHome } from '../helpers/home.ts';
import { fixture, writeScript } from '../helpers/procctl.ts';
import { procctlCommand, RunningCommand } from '../helpers/running-command.ts';

const isRoot = process.getuid?.() === 0;
const PROGRAM = fileURLToPath(new URL('../../bin/procctl.cjs', import.meta.url));
const TELL_SELF = fixture('tell-self.cjs');

/** What `tell-self.cjs` says of itself. */
interface Told {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly pid: number;
  readonly session: number;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly nice: number;
  readonly umask: number;
  readonly nofile: readonly number[];
  readonly stdin: string;
}

/** Runs `tell-self.cjs` under supervision, and gives what it said. */
const told = async (
  home: TestHome,
  options: readonly string[] = [],
  args: readonly string[] = [],
  command: CommandOptions = {},
): Promise<Told> => JSON.parse(await home.ok(['spawn', '--attach', ...options, TELL_SELF, ...args], command)) as Told;

/** Nothing is listed, and nothing is alive but the daemon and its launcher. */
const expectNothingStarted = async (home: TestHome): Promise<void> => {
  const { pid } = await home.daemon();
  const others = home.alive().filter((one) => one.pid !== pid && !one.command.includes('procctl-shim'));
  expect({ list: await home.list(), others }).toEqual({ list: [], others: [] });
};

const lineOf = (stderr: string): string => {
  const lines = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('procctl: started the daemon'));
  expect(lines).toHaveLength(1);
  expect(stderr).not.toMatch(/\n\s+at /);
  return lines[0] as string;
};

describe.concurrent('what procctl spawn runs', () => {
  it('runs scripts by what their extension says, and executables by their #! line', async () => {
    const home = new TestHome();
    const write = (name: string, text: string, mode?: number): void => writeScript(join(home.work, name), text, mode);
    write('a.js', 'console.log("js", typeof require)', 0o644);
    write('b.mjs', 'import fs from "node:fs"; console.log("mjs", typeof fs.statSync)', 0o644);
    write('c.cjs', 'console.log("cjs", typeof require)', 0o644);
    write('d.py', 'print("py")', 0o644);
    write('e.sh', 'echo sh $0', 0o644);
    write('tool', '#!/bin/sh\necho tool "$@"');
    for (const [words, said] of [
      [['a.js'], 'js function\n'],
      [['./b.mjs'], 'mjs function\n'],
      [['c.cjs'], 'cjs function\n'],
      [['d.py'], 'py\n'],
      [['e.sh'], `sh ${home.work}/e.sh\n`],
      [['./tool', 'x'], 'tool x\n'],
      [['echo', 'from PATH'], 'from PATH\n'],
      [['--', 'echo', '--'], '--\n'],
      [['--shell', 'echo "$((1 + 2))" | tr 3 three'], 't\n'],
      [['--interpreter', 'python3 -B', 'd.py'], 'py\n'],
      [['--interpreter', 'none', './tool'], 'tool\n'],
      [['--interpreter', 'sh', './tool', 'y'], 'tool y\n'],
    ] as const) {
      expect([words, await home.ok(['spawn', '--attach', ...words])]).toEqual([words, said]);
    }
  });

  it('passes on arguments exactly, options after the script included', async () => {
    const home = new TestHome();
    const args = [
      '--help',
      '--name',
      'x',
      '-e',
      'A=1',
      '--',
      '',
      ' ',
      "'",
      '"',
      '\n',
      'a\nb',
      '$HOME',
      '\\',
      '*',
      '`id`',
    ];
    args.push(
      'ü 漢字 \u{1f600}',
      '-',
      '--env-file',
      'none.env',
      '--env-file=none',
      '%s',
      '!',
      '\u001b[31m',
      '\t',
      `long ${'x'.repeat(50_000)}`,
    );
    expect((await told(home, [], args)).args).toEqual(args);
  });

  it('says on standard error by what TypeScript is run, and refuses it where nothing can run it', async () => {
    const home = new TestHome();
    writeScript(join(home.work, 'app.ts'), 'const x: number = 1; console.log(x)', 0o644);
    const bin = join(home.work, 'bin');
    mkdirSync(bin);
    writeScript(join(bin, 'tsx'), '#!/bin/sh\necho tsx "${1##*/}"');
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    const canStrip = major > 22 || (major === 22 && minor >= 6);
    const ran = await home.run(['spawn', '--attach', 'app.ts'], { env: { PATH: `${bin}:${process.env.PATH}` } });
    expect(ran).toMatchObject({ code: 0, stdout: canStrip ? '1\n' : 'tsx app.ts\n' });
    expect(ran.stderr).toMatch(canStrip ? /strip/ : /tsx/);
    if (canStrip) return;
    const refused = await home.run(['spawn', 'app.ts'], { env: { PATH: '/nowhere' } });
    expect(refused.code).toBe(127);
    expect(lineOf(refused.stderr)).toMatch(/^procctl: .*app\.ts.*tsx/);
  });
});

describe.concurrent('where and as what procctl spawn runs it', () => {
  it('keeps the options of procctl, and those of what it runs, from Node itself', async () => {
    const home = new TestHome();
    writeFileSync(join(home.work, 'app.env'), 'FROM_FILE=yes\nNODE_OPTIONS=--no-such-option\n');
    // By its first line, as users run it: Node 20 looks for --env-file behind the script too.
    const words = ['spawn', '--attach', '--env-file', 'app.env', 'sh', '-c', 'echo "$FROM_FILE $*"', 'sh'];
    const child = spawn(PROGRAM, [...words, '--env-file', 'none.env'], { cwd: home.work, env: home.env() });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text.toString()));
    expect([(await once(child, 'close'))[0], said]).toEqual([0, expect.stringMatching(/^yes --env-file none\.env$/m)]);
  });

  it('gives the environment of the caller, not that of the daemon, and only adds its own variables', async () => {
    const home = new TestHome();
    await home.ok(['daemon', 'start'], { env: { LANG: 'en_US.UTF-8', LC_ALL: 'C', TZ: 'Asia/Tokyo', FROM: 'daemon' } });
    const env = {
      CALLER: 'a "b"\n$c\\',
      EMPTY: '',
      'a.b': 'dot',
      'BASH_FUNC_x%%': '() {  echo hi\n}',
      '1st': 'digit',
      run: 'a variable of the shim',
      status: '1',
      IFS: ':',
      ENV: '/nowhere/profile',
    };
    const { env: seen } = await told(home, ['--name', 'teller'], [], { env });
    const { PROCCTL_ID, PROCCTL_NAME, PROCCTL_MARK, ...rest } = seen;
    expect({ PROCCTL_ID, PROCCTL_NAME }).toEqual({ PROCCTL_ID: '1', PROCCTL_NAME: 'teller' });
    expect(PROCCTL_MARK).toMatch(/^\/[0-9a-f]{16}\.1\.1\/$/);
    expect(rest).toEqual(home.env(env));
  });

  it('passes on bytes that are no UTF-8, in variables and arguments', async () => {
    const home = new TestHome();
    const before = `export RAW="$(printf 'a\\377\\200b')"; set -- "$@" "$(printf '\\376')"`;
    const ran = new RunningCommand(home, ['spawn', '--attach', 'sh', '-c', 'printf %s "$RAW" "$1"', 'sh'], { before });
    const { status, stdout } = await ran.ended;
    expect([status, stdout.toString('latin1')]).toEqual([0, 'a\xff\x80b\xfe']);
  });

  it('sets variables by file and by -e, which wins, and begins anew with --clear-env', async () => {
    const home = new TestHome();
    writeFileSync(join(home.work, '.env'), '# comment\nexport A=1\nB="two\\nlines"\nC=\'$A\'\nD=file\n');
    const options = ['--clear-env', '--env-file', '.env', '-e', 'D=flag', '-e', 'E=x=y', '-e', 'MINE', '--name', 'n'];
    const { env } = await told(home, options, [], { env: { MINE: 'own', OTHER: 'o' } });
    const { PROCCTL_MARK: _, ...rest } = env;
    const added = { PROCCTL_ID: '1', PROCCTL_NAME: 'n' };
    const given = { A: '1', B: 'two\nlines', C: '$A', D: 'flag', E: 'x=y', MINE: 'own' };
    expect(rest).toEqual({ PATH: process.env.PATH, ...given, ...added });
    writeFileSync(join(home.work, 'bad.env'), 'A=1\nnonsense\n');
    const bad = await home.run(['spawn', '--env-file', 'bad.env', 'true']);
    expect([bad.code, lineOf(bad.stderr)]).toEqual([2, expect.stringContaining('bad.env:2: ')]);
    const missing = await home.run(['spawn', '--env-file', 'none.env', 'true']);
    expect([missing.code, lineOf(missing.stderr)]).toEqual([2, 'procctl: none.env: no such file']);
  });

  it('runs it in the directory of the caller, or in that of --cwd, where relative names begin', async () => {
    const home = new TestHome();
    const inner = join(home.work, 'in ner');
    mkdirSync(inner);
    writeScript(join(inner, 'where.sh'), 'pwd; echo "$PWD"', 0o644);
    expect((await told(home)).cwd).toBe(home.work);
    expect(await home.ok(['spawn', '--attach', '--cwd', 'in ner', './where.sh'])).toBe(`${inner}\n${inner}\n`);
    expect(await home.ok(['spawn', '--attach', 'where.sh'], { cwd: inner })).toContain(`${inner}\n`);
  });

  it('gives it a session of its own, an empty standard input, and no signal ignored or blocked', async () => {
    const home = new TestHome();
    const { pid, session, stdin } = await told(home);
    expect({ session, stdin }).toEqual({ session: pid, stdin: '/dev/null' });
    const before = "trap '' INT QUIT HUP TERM USR1 PIPE";
    const dispositions = new RunningCommand(home, ['spawn', '--attach', 'grep', '^Sig[BI]', '/proc/self/status'], {
      before,
    });
    expect((await dispositions.ended).stdout.toString()).toMatch(/^SigBlk:\t0+\nSigIgn:\t0+\n$/);
  });

  it('passes on none of the descriptors that procctl was started with', async () => {
    const home = new TestHome();
    const lock = openSync(join(home.work, 'lock'), 'w');
    // As of `exec {lock}>lock` in bash: above a gap, so that Node does not close it by itself.
    const stdio = [...Array.from({ length: 30 }, () => 'ignore' as const), lock];
    const [file, ...args] = procctlCommand(['spawn', 'sleep', '1000']);
    const child = spawn(file as string, args, { cwd: home.work, env: home.env(), stdio });
    expect((await once(child, 'exit'))[0]).toBe(0);
    const holders = home.alive().filter(({ pid }) => {
      const names = readdirSync(`/proc/${pid}/fd`);
      return names.some((name) => readlinkSync(`/proc/${pid}/fd/${name}`).endsWith('/lock'));
    });
    closeSync(lock);
    expect(holders).toEqual([]);
  });

  it('sets limits, niceness and umask', async () => {
    const home = new TestHome();
    const options = ['--limit', 'nofile=300:400', '--nice', '7', '--umask', '027'];
    expect(await told(home, options)).toMatchObject({ nice: 7, umask: 0o027 });
    const limits = await home.ok(['spawn', '--attach', ...options, 'sh', '-c', 'ulimit -Sn; ulimit -Hn']);
    expect(limits).toBe('300\n400\n');
    const { nice, umask } = await told(home);
    expect({ nice, umask }).toEqual({ nice: 0, umask: process.umask() });
    for (const [option, value] of [
      ['--limit', 'nofile=400:300'],
      ['--limit', 'handles=3'],
      ['--nice', '20'],
      ['--umask', '8'],
      ['--restart', 'maybe'],
      ['--backoff', '5s..1s'],
      ['--stop-signal', 'TREM'],
      ['--instances', '0'],
      ['--log-max-size', '10'],
    ] as const) {
      const { code, stderr } = await home.run(['spawn', option, value, 'true']);
      expect([option, value, code, lineOf(stderr)]).toEqual([option, value, 2, expect.stringContaining(option)]);
    }
    expect(await home.ok(['ps', '-q'])).toBe('tell-self\nsh\ntell-self-2\n');
  });

  it.runIf(isRoot)('runs it as another user, with the groups, name and home of that one', async () => {
    const home = new TestHome();
    // The directories of the test are root's alone; what nobody can reach is in /usr.
    const command = 'id -u; id -g; id -G; echo "$USER $LOGNAME $HOME"; echo err >/dev/stderr; echo out >/dev/stdout';
    const asNobody = await home.run(['spawn', '--attach', '--user', 'nobody', '--cwd', '/', 'sh', '-c', command]);
    const [, , uid, gid, , directory] =
      /^nobody:(.*?):(\d+):(\d+):(.*?):(.*?):/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? [];
    expect(asNobody.stdout).toBe(`${uid}\n${gid}\n${gid}\nnobody nobody ${directory}\nout\n`);
    expect(asNobody.stderr).toMatch(/^err$/m);
    const numbered = await home.ok([
      'spawn',
      '--attach',
      '--user',
      '12345:23456',
      '--cwd',
      '/',
      'sh',
      '-c',
      'id -u; id -G',
    ]);
    expect(numbered).toBe('12345\n23456\n');
    const closed = join(home.work, 'closed');
    writeScript(closed, '#!/bin/sh\n', 0o700);
    const refused = await home.run(['spawn', '--user', 'nobody', '--cwd', '/', closed]);
    expect([refused.code, lineOf(refused.stderr)]).toEqual([
      126,
      expect.stringMatching(/closed.*[Pp]ermission denied/),
    ]);
    const unknown = await home.run(['spawn', '--user', 'no-such-user', 'true']);
    expect([unknown.code, lineOf(unknown.stderr)]).toEqual([2, expect.stringContaining('no-such-user')]);
  });
});

describe.concurrent('what procctl spawn cannot run', () => {
  const cannotRun: readonly (readonly [what: string, words: readonly string[], code: number, why: RegExp])[] = [
    ['a command that is not in PATH', ['no-such-command-here'], 127, /no-such-command-here/],
    ['a path where nothing is', ['./nothing'], 127, /\.\/nothing/],
    ['a script that is not there', ['nothing.js'], 127, /nothing\.js: no such file/],
    ['a file that is not executable', ['./plain'], 126, /plain.*not executable|plain.*permission/i],
    ['a directory', ['./dir'], 126, /dir.*director/],
    ['an interpreter that is not there', ['./lost'], 126, /lost.*\/no\/such\/interpreter/],
    ['an --interpreter that is not there', ['--interpreter', 'no-such-python', 'a.py'], 127, /no-such-python/],
    ['a directory to run in that is not there', ['--cwd', './nowhere', 'true'], 126, /nowhere/],
    ['a directory to run in that is a file', ['--cwd', './plain', 'true'], 126, /plain.*director/],
    ['an empty word', [''], 2, /empty/],
  ];
  for (const [what, words, code, why] of cannotRun) {
    it(`refuses ${what} in one line, and leaves nothing behind`, async () => {
      const home = new TestHome();
      writeScript(join(home.work, 'plain'), 'text', 0o644);
      writeScript(join(home.work, 'a.py'), 'print(1)', 0o644);
      writeScript(join(home.work, 'lost'), '#!/no/such/interpreter\n');
      mkdirSync(join(home.work, 'dir'));
      for (const more of [[], ['--instances', '3'], ['--attach']]) {
        const ran = await home.run(['spawn', ...more, ...words]);
        expect([more, ran.code, ran.stdout]).toEqual([more, code, '']);
        expect(lineOf(ran.stderr)).toMatch(why);
      }
      await expectNothingStarted(home);
    });
  }
});

describe.concurrent('names of processes', () => {
  it('refuses a name that breaks the rule, with the rule, and starts nothing for it, not even the daemon', async () => {
    const home = new TestHome();
    for (const name of [
      '',
      ' ',
      'a b',
      'a/b',
      '..',
      '.x',
      '-x',
      '12',
      'all',
      'a*',
      'a\nb',
      '\u001b[2J',
      'x'.repeat(65),
    ]) {
      const { code, stderr, stdout } = await home.run(['spawn', `--name=${name}`, 'sleep', '1000']);
      expect([name, code, stdout]).toEqual([name, 2, '']);
      expect(lineOf(stderr)).toMatch(/name/);
      expect(lineOf(stderr)).toMatch(/^[^\p{Cc}]*$/u);
    }
    expect((await home.daemon()).running).toBe(false);
  });

  it('makes default names unique, also those of commands that run at the same time', async () => {
    const home = new TestHome();
    const spawns = Array.from({ length: 6 }, () => home.spawn('sleep', '1000'));
    const names = (await Promise.all(spawns)).map(({ name }) => name).sort();
    expect(names).toEqual(['sleep', 'sleep-2', 'sleep-3', 'sleep-4', 'sleep-5', 'sleep-6']);
    expect((await home.spawn('--shell', 'X=1 exec sleep 1000')).name).toBe('sleep-7');
    writeScript(join(home.work, 'my app.js'), 'setInterval(() => {}, 1e6)', 0o644);
    expect((await home.spawn('my app.js')).name).toBe('my-app');
  });

  it('gives a name once, however many ask for it at the same time', async () => {
    const home = new TestHome();
    const asked = await Promise.all(
      Array.from({ length: 5 }, () => home.run(['spawn', '--name', 'only', 'sleep', '1000'])),
    );
    expect(asked.map(({ code }) => code).sort()).toEqual([0, 2, 2, 2, 2]);
    for (const { code, stderr } of asked) if (code === 2) expect(lineOf(stderr)).toContain('procctl rm only');
    expect((await home.list()).map(({ name }) => name)).toEqual(['only']);
    expect(home.alive().filter(({ command }) => command === 'sleep 1000')).toHaveLength(1);
  });

  it('knows __proto__ as a name like any other', async () => {
    const home = new TestHome();
    const name = '__proto__';
    await home.ok(['spawn', '--name', name, '--shell', 'echo hello; exec sleep 1000']);
    expect(await home.ok(['ps', '-q', name])).toBe(`${name}\n`);
    expect(await home.ok(['ps', '-q', '--filter', `name=${name}`])).toBe(`${name}\n`);
    expect(JSON.parse(await home.ok(['show', '--json', name]))).toMatchObject([{ id: 1, alive: true }]);
    expect(await home.ok(['signal', 'CONT', name])).toBe(`${name} signalled\n`);
    expect(await home.ok(['stop', name])).toBe(`${name} stopped\n`);
    expect(await home.ok(['start', name])).toMatch(/^__proto__ id=1 pid=\d+\n$/);
    expect(await home.ok(['restart', name])).toMatch(/^__proto__ id=1 pid=\d+\n$/);
    expect(await home.ok(['logs', name])).toMatch(/^hello\n/);
    expect(await home.ok(['events', name])).toMatch(/ __proto__ {2}spawned/);
    expect((await home.run(['wait', name, '--timeout', '10ms'])).code).toBe(124);
    const other = await home.run(['spawn', '-e', `${name}=1`, '--attach', 'sh', '-c', 'env | grep __proto__']);
    expect(other.stdout).toBe('__proto__=1\n');
    expect(await home.ok(['rm', name])).toBe(`${name} removed\n`);
    expect((await home.run(['show', name])).code).toBe(1);
    expect((await home.run(['show', 'constructor'])).code).toBe(1);
  });
});

describe.concurrent('--instances, --json and --wait-ready', () => {
  it('starts numbered instances, each of which knows its number', async () => {
    const home = new TestHome();
    const started = JSON.parse(
      await home.ok([
        'spawn',
        '--json',
        '--name',
        'web',
        '-i',
        '3',
        '--shell',
        'echo "$PROCCTL_INSTANCE $PROCCTL_NAME $PROCCTL_ID"; exec sleep 1000',
      ]),
    ) as { id: number; name: string; pid: number; instance: number | null; logs: string }[];
    expect(started.map(({ id, name, instance }) => ({ id, name, instance }))).toEqual([
      { id: 1, name: 'web-1', instance: 1 },
      { id: 2, name: 'web-2', instance: 2 },
      { id: 3, name: 'web-3', instance: 3 },
    ]);
    for (const { id, name, pid, instance, logs, ...more } of started) {
      expect(more).toEqual({});
      expect(logs).toBe(join(home.path, 'processes', String(id), 'log'));
      expect(await home.view(name)).toMatchObject({ pid, alive: true, group: 'web', instance });
      expect(await home.ok(['logs', name, '-n', 'all'])).toBe(`${instance} ${name} ${id}\n`);
    }
    for (const name of ['web', 'web-2']) {
      const { code, stderr } = await home.run(['spawn', '--name', name, 'true']);
      expect([code, lineOf(stderr)]).toEqual([2, expect.stringContaining(`named ${name} already`)]);
    }
    expect(await home.ok(['spawn', '--name', 'solo', '-i', '1', 'sleep', '1000'])).toMatch(/^solo-1 id=4 pid=\d+\n$/);
    expect((await home.list()).map(({ name }) => name)).toEqual(['web-1', 'web-2', 'web-3', 'solo-1']);
  });

  it('prints a list of one for one process, whose instance is null', async () => {
    const home = new TestHome();
    const [one, ...more] = JSON.parse(await home.ok(['spawn', '--json', 'sleep', '1000']));
    const logs = join(home.path, 'processes', '1', 'log');
    expect([one, more]).toEqual([{ id: 1, name: 'sleep', pid: expect.any(Number), instance: null, logs }, []]);
  });

  it('waits with --wait-ready, and fails for what did not stay up', async () => {
    const home = new TestHome();
    const up = await home.run(['spawn', '--wait-ready', '300ms', 'sleep', '1000']);
    expect(up).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sleep id=1 pid=\d+\n$/) });
    const down = await home.run([
      'spawn',
      '--restart',
      'no',
      '--wait-ready',
      '300ms',
      '--name',
      'brief',
      'sh',
      '-c',
      'exit 7',
    ]);
    expect([down.code, lineOf(down.stderr)]).toEqual([
      1,
      'procctl: brief did not stay up: it ended with exit code 7 (see: procctl show brief)',
    ]);
    const again = await home.run(['spawn', '--wait-ready', '300ms', '--name', 'again', 'sh', '-c', 'kill -9 $$']);
    expect([again.code, lineOf(again.stderr)]).toEqual([
      1,
      expect.stringContaining('again did not stay up: it was ended by SIGKILL'),
    ]);
  });
});

describe.concurrent('procctl spawn --attach', () => {
  it('streams both outputs byte for byte, and returns the exit code', async () => {
    const home = new TestHome();
    const out = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7919 + (at >> 8)) % 256));
    const err = Buffer.concat([
      Buffer.from('\r\nno end: \0\xff\x1b[31m', 'latin1'),
      out.subarray(0, 70_001),
      Buffer.from('.'),
    ]);
    writeFileSync(join(home.work, 'out'), out);
    writeFileSync(join(home.work, 'err'), err);
    await home.ok(['daemon', 'start']);
    const attached = new RunningCommand(home, ['spawn', '--attach', '--shell', 'cat out; cat err >&2; exit 7']);
    const { status, stdout } = await attached.ended;
    expect(status).toBe(7);
    expect(stdout.equals(out)).toBe(true);
    expect(attached.stderrBytes.equals(err)).toBe(true);
  });

  it('says nothing of its own, and returns 0, for a program that says nothing', async () => {
    const home = new TestHome();
    await home.ok(['daemon', 'start']);
    expect(await home.run(['spawn', '--attach', 'true'])).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    expect(await home.view('true')).toMatchObject({ state: 'exited', exitCode: 0, endedBy: 'self', restart: 'no' });
  });

  it('returns 128 + n when signal n ended it, and 137 as an exit code is no signal', async () => {
    const home = new TestHome();
    expect((await home.run(['spawn', '--attach', '--name', 'segv', 'sh', '-c', 'kill -SEGV $$'])).code).toBe(139);
    expect(await home.view('segv')).toMatchObject({ exitCode: null, signal: 'SIGSEGV' });
    expect((await home.run(['spawn', '--attach', '--name', 'code', 'sh', '-c', 'exit 137'])).code).toBe(137);
    expect(await home.view('code')).toMatchObject({ exitCode: 137, signal: null });
  });

  it('passes on Ctrl-C, and other signals, and waits for what the program makes of them', async () => {
    const home = new TestHome();
    const line = "trap 'echo usr1' USR1; trap 'echo int; exit 5' INT; echo up; while :; do sleep 0.05; done";
    const attached = new RunningCommand(home, ['spawn', '--attach', '--name', 'polite', '--shell', line]);
    await attached.says('up\n');
    attached.signal('SIGUSR1');
    await attached.says('usr1\n');
    attached.signal('SIGINT');
    const { status, stdout, stderr } = await attached.ended;
    expect([status, stdout.toString()]).toEqual([5, 'up\nusr1\nint\n']);
    expect(stderr).toContain('procctl: SIGINT to polite; once more to kill it\n');
    expect(home.alive().filter(({ command }) => command.includes('sleep 0.05'))).toEqual([]);
  });

  it('kills everything at the second Ctrl-C, runaways included', async () => {
    const home = new TestHome();
    const line = `trap '' INT TERM; (setsid sh -c 'trap "" TERM; while :; do sleep 999; done' &); echo up; while :; do sleep 998; done`;
    const attached = new RunningCommand(home, ['spawn', '--attach', '--stop-timeout', '90s', '--shell', line]);
    await attached.says('up\n');
    attached.signal('SIGINT');
    attached.signal('SIGTERM');
    const { status } = await attached.ended;
    expect(status).toBe(137);
    expect(home.alive().filter(({ command }) => /sleep 99/.test(command))).toEqual([]);
  });

  it('ends with 141 when nobody reads its output any more, and ends the program too', async () => {
    const home = new TestHome();
    const attached = new RunningCommand(home, ['spawn', '--attach', '--name', 'chatty', 'yes', 'and so on']);
    await attached.says('and so on');
    attached.closeReader();
    expect(await attached.ended).toMatchObject({ status: 141 });
    expect(await home.view('chatty')).toMatchObject({ alive: false, state: 'exited' });
    expect(home.alive().filter(({ command }) => command.startsWith('yes'))).toEqual([]);
  });

  it('loses nothing when the daemon is killed in the middle', async () => {
    const home = new TestHome();
    const line =
      'n=0; while [ $n -lt 600 ]; do n=$((n+1)); echo "line $n"; [ $((n % 6)) -ne 0 ] || sleep 0.01; done; exit 3';
    const attached = new RunningCommand(home, ['spawn', '--attach', '--shell', line]);
    for (const seen of ['line 30\n', 'line 300\n']) {
      await attached.says(seen);
      await home.killDaemon();
    }
    const { status, stdout } = await attached.ended;
    const expected = Array.from({ length: 600 }, (_, at) => `line ${at + 1}\n`).join('');
    expect([status, stdout.toString()]).toEqual([3, expected]);
  });
});
