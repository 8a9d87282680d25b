import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeBytes, encodeBytes } from '../../src/protocol/bytes.ts';
import type { ProcessSpec } from '../../src/protocol/process-spec.ts';
import { ShimReader, type ShimWord, startScript } from '../../src/protocol/shim-script.ts';
import { parseProc } from '../../src/runtime/family/proc.ts';
import { signalName, signalNumber } from '../../src/runtime/signals.ts';
import { shimShell } from '../../src/runtime/supervise/launcher.ts';
import { scratch, waitFor } from '../helpers/procctl.ts';
import { HOME_MARK, runUnderShim, specOf, TestShim, TOOLS } from '../helpers/shim.ts';

const BREAK = '\0\x01break\x01\0'; // longer than any text below is likely to hit

/** A program that tells what it was given, as the kernel has it. */
const TELL_ALL = [
  '/bin/sh',
  '-c',
  `/bin/cat /proc/$$/cmdline; printf '\\0\\001break\\001\\0'; /bin/cat /proc/$$/environ; printf '\\0\\001break\\001\\0'; ` +
    '/usr/bin/readlink -n /proc/$$/cwd',
  'sh',
];

const work = scratch();

/** Has the shells of this machine run a start script, as a shim does, and reads what the program got. */
const given = (
  spec: Partial<ProcessSpec>,
  who = 'id=1 instance=0',
): { argv: string[]; env: Map<string, string>; cwd: string } => {
  const whole = specOf({ ...spec, argv: [...TELL_ALL, ...(spec.argv ?? [])] });
  writeFileSync(join(work, 'start.sh'), startScript(whole, HOME_MARK, TOOLS));
  const shell = spawnSync(shimShell(), ['-c', `${who} run=7; . ./start.sh`], { cwd: work, env: {} });
  const [argv = '', env = '', cwd = ''] = shell.stdout.toString('latin1').split(BREAK);
  expect({ stderr: shell.stderr.toString(), status: shell.status }).toEqual({ stderr: '', status: 0 });
  const text = (latin1: string): string => decodeBytes(Buffer.from(latin1, 'latin1'));
  const variables = env
    .split('\0')
    .slice(0, -1)
    .map((line): [string, string] => [text(line.slice(0, line.indexOf('='))), text(line.slice(line.indexOf('=') + 1))]);
  expect(new Set(variables.map(([name]) => name)).size, 'no variable is there twice').toBe(variables.length);
  return { argv: argv.split('\0').slice(TELL_ALL.length, -1).map(text), env: new Map(variables), cwd: text(cwd) };
};

/** What is in every environment. */
const OWN = { PROCCTL_ID: '1', PROCCTL_NAME: 'web', PROCCTL_MARK: `/${HOME_MARK}.1.7/` };

/** Text of bytes, most of which mean something to a shell. */
const textArb = fc
  .oneof(
    fc.string({ unit: fc.constantFrom(...'\'"\\$`\n\t *?[]{}()<>|&;!#~=%-+ab'), maxLength: 12 }),
    fc.uint8Array({ min: 1, max: 255, maxLength: 12 }).map((bytes) => decodeBytes(bytes)),
  )
  .filter((text) => !text.includes('\0'));
const plainName = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,6}$/);
const shellNames = fc.constantFrom(
  ...['run', 'group', 'word', 'status', 'pid', 'last', 'end', 'generation', 'PATH', 'IFS', 'PPID', 'LINENO'],
  ...['PS1', 'PS4', 'ENV', 'HOME', 'CDPATH', 'PWD', 'OLDPWD', '_', 'MAIL', 'TERM', 'SHELL', '__proto__', 'constructor'],
);
const nameArb = fc
  .oneof(plainName, shellNames, textArb)
  .filter((name) => name !== '' && !name.includes('=') && !/^(PROCCTL_|LD_|GLIBC_|LC_|LANG|MALLOC_)/.test(name));

describe('the start script', () => {
  it('gives the program exactly its arguments, whatever is in them', () => {
    fc.assert(
      fc.property(fc.array(textArb, { maxLength: 6 }), (argv) => {
        expect(given({ argv }).argv).toEqual(argv);
      }),
      { numRuns: 60 },
    );
  });

  it('gives the program exactly its variables, and besides them only what procctl adds', () => {
    const envArb = fc.array(fc.tuple(nameArb, textArb), { maxLength: 6 }).map((pairs) => new Map(pairs));
    fc.assert(
      fc.property(envArb, (env) => {
        const expected = new Map([...env, ...Object.entries(OWN)]);
        expect(given({ env: Object.fromEntries(env) }).env).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    'run',
    '__proto__',
    'IFS',
    'OPTIND',
    'PPID',
    'PWD',
    '_',
    'BASH_FUNC_f%%',
    'npm_config_//registry/:_token',
    '-i',
    '--',
    '-u',
    'ü',
    'a b',
    'a\nb',
  ])('hands on a variable named %j', (name) => {
    // The program that tells is a shell too, and takes no other value of OPTIND than a number.
    const value = name === 'OPTIND' ? '5' : "it's\n$HOME";
    const env = Object.fromEntries([[name, value]]);
    expect(given({ env }).env).toEqual(new Map([[name, value], ...Object.entries(OWN)]));
  });

  it('lets nobody else say who the process is', () => {
    const env = { PROCCTL_ID: '9', PROCCTL_MARK: '/x/', PROCCTL_INSTANCE: '8' };
    expect(given({ env, name: "o'web" }).env).toEqual(
      new Map(Object.entries({ ...OWN, PROCCTL_NAME: "o'web", PROCCTL_INSTANCE: '8' })),
    );
    const spec = { env, group: "o'web", name: "o'web-3", instance: 3 };
    expect(given(spec, 'id=1 instance=3').env).toEqual(
      new Map(Object.entries({ ...OWN, PROCCTL_NAME: "o'web-3", PROCCTL_INSTANCE: '3' })),
    );
  });

  it('is the same for all instances of a request, and tells each who it is', () => {
    const spec = { group: 'web', name: 'web-1', instance: 1, env: { id: 'own', instance: 'own', IFS: ':' } };
    const script = startScript(specOf({ argv: ['a'], ...spec }), HOME_MARK, TOOLS);
    const last = { ...spec, id: 12, name: 'web-10', instance: 10 };
    expect(startScript(specOf({ argv: ['a'], ...last }), HOME_MARK, TOOLS)).toEqual(script);
    expect(given(spec, 'id=12 instance=10').env).toEqual(
      new Map([
        ...Object.entries(spec.env),
        ['PROCCTL_ID', '12'],
        ['PROCCTL_NAME', 'web-10'],
        ['PROCCTL_INSTANCE', '10'],
        ['PROCCTL_MARK', `/${HOME_MARK}.12.7/`],
      ]),
    );
  });

  it.each(["it's", ' a ', '-', 'new\nline', '$(id)', 'a\\b', 'ü', '\udcff\udc80'])(
    'begins in a directory named %j',
    (name) => {
      const directory = Buffer.concat([Buffer.from(`${work}/`), encodeBytes(name)]);
      mkdirSync(directory, { recursive: true });
      expect(given({ cwd: decodeBytes(directory) }).cwd).toBe(decodeBytes(directory));
    },
  );

  it('gives a batch its input, and in later runs other arguments, whatever its variables are', () => {
    writeFileSync(join(work, "it's input"), 'what it reads\n');
    const argv = ['/bin/sh', '-c', 'read -r line; echo "$line: $0"'];
    const spec = specOf({
      argv: [...argv, 'first'],
      env: { IFS: '017', run: '1' },
      stdin: join(work, "it's input"),
      batch: { input: null, argvAgain: [...argv, 'again'] },
    });
    writeFileSync(join(work, 'start.sh'), startScript(spec, HOME_MARK, TOOLS));
    const printed = ['1', '2', '10'].map((run) => {
      const { stdout, stderr } = spawnSync(shimShell(), ['-c', `id=1 run=${run}; . ./start.sh`], {
        cwd: work,
        env: {},
      });
      return `${stderr}${stdout}`;
    });
    expect(printed).toEqual(['what it reads: first\n', 'what it reads: again\n', 'what it reads: again\n']);
  });

  it('does not run the program elsewhere when its directory is gone', () => {
    writeFileSync(
      join(work, 'start.sh'),
      startScript(specOf({ argv: ['/bin/echo'], cwd: '/nowhere' }), HOME_MARK, TOOLS),
    );
    const shell = spawnSync(shimShell(), ['-c', 'id=1 run=7; . ./start.sh'], { cwd: work, env: {} });
    expect({ status: shell.status, stdout: shell.stdout.toString() }).toEqual({ status: 126, stdout: '' });
  });

  it('sets limits, niceness and umask', async () => {
    const { stdout } = await runUnderShim({
      argv: ['/bin/sh', '-c', 'umask; nice; ulimit -Sn; ulimit -Hn; ulimit -c'],
      env: { PATH: '/usr/bin:/bin' },
      umask: 0o27,
      nice: 5,
      limits: { nofile: { soft: 40, hard: 50 }, core: { soft: 0, hard: 0 } },
    });
    expect(stdout.split('\n')).toEqual(['0027', '5', '40', '50', '0', '']);
  });
});

describe('the words of a shim', () => {
  const said =
    'hello 3 12 (procctl-shim) S 1 12\nstarted 1 13 (a) b) R\n[1] + Done(7)                  { . ./start.sh; }\n' +
    'ended 1 7 100.25\nstarted 2 14 (x) R\n[1] + Killed                   {\nended 2 137 101.00\n' +
    '[1] + Done(137)  x\nended 3 137 102.00\n\nended 4 130 103.50\n[1] + Segmentation fault (core dumped)\nended 5 139 9.0\n' +
    '[1]+  Exit 141                 x\nended 6 141 9.1\nended 7 0 9.2\n';
  const words: ShimWord[] = [
    { tag: 'hello', generation: 3, stat: '12 (procctl-shim) S 1 12' },
    { tag: 'started', run: 1, stat: '13 (a) b) R' },
    { tag: 'ended', run: 1, outcome: { kind: 'exited', exitCode: 7 }, uptimeMs: 100_250 },
    { tag: 'started', run: 2, stat: '14 (x) R' },
    { tag: 'ended', run: 2, outcome: { kind: 'signaled', signal: 'SIGKILL' }, uptimeMs: 101_000 },
    { tag: 'ended', run: 3, outcome: { kind: 'exited', exitCode: 137 }, uptimeMs: 102_000 },
    {
      tag: 'ended',
      run: 4,
      outcome: { kind: 'unknown', why: 'ended with status 130: exit code or signal, the shell does not say' },
      uptimeMs: 103_500,
    },
    { tag: 'ended', run: 5, outcome: { kind: 'signaled', signal: 'SIGSEGV' }, uptimeMs: 9_000 },
    { tag: 'ended', run: 6, outcome: { kind: 'exited', exitCode: 141 }, uptimeMs: 9_100 },
    { tag: 'ended', run: 7, outcome: { kind: 'exited', exitCode: 0 }, uptimeMs: 9_200 },
  ];

  it('are the same in whatever pieces they come', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(said.length)), (cuts) => {
        const reader = new ShimReader(signalName);
        const ends = [...cuts.sort((a, b) => a - b), said.length];
        expect(ends.flatMap((end, index) => reader.read(said.slice(index === 0 ? 0 : ends[index - 1], end)))).toEqual(
          words,
        );
      }),
    );
  });

  it('are never taken from garbage, and garbage does no harm to what follows', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (garbage) => {
        const reader = new ShimReader(signalName);
        reader.read(`x${garbage.replaceAll('\n', ' ')}\n`);
        expect(reader.read('[1] + Done(200)\nended 2 200 1.00\n')).toMatchObject([
          { tag: 'ended', run: 2, outcome: { kind: 'exited', exitCode: 200 } },
        ]);
      }),
    );
  });
});

describe('a shim', () => {
  const ends = new TestShim();
  let run = 0;
  beforeAll(async () => {
    await ends.open();
    ends.write({ argv: ['/bin/true'] });
    ends.launcher.up({ id: 1, instance: null }, 1, 1);
    await ends.ended(1);
    run = 1;
  });
  afterAll(() => ends.close());

  const endOf = async (line: string): Promise<ShimWord & { tag: 'ended' }> => {
    run += 1;
    ends.write({ argv: ['/bin/sh', '-c', `ulimit -c 0; ${line}`] });
    ends.say(`go ${run}`);
    return ends.ended(run);
  };

  it('tells every exit code', async () => {
    for (let exitCode = 0; exitCode < 256; exitCode += 1) {
      expect((await endOf(`exit ${exitCode}`)).outcome).toEqual({ kind: 'exited', exitCode });
    }
  });

  it('tells every signal that ends a process, and none of them is taken for an exit code', async () => {
    const { SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU } = constants.signals;
    const harmless: number[] = [SIGCHLD, SIGCONT, SIGURG, SIGWINCH];
    const stopping: number[] = [SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU];
    for (let signal = 1; signal <= 64; signal += 1) {
      if (stopping.includes(signal)) continue;
      const { outcome } = await endOf(`kill -${signal} $$; exit 5`);
      if (harmless.includes(signal)) expect(outcome).toEqual({ kind: 'exited', exitCode: 5 });
      else expect(outcome).toEqual({ kind: 'signaled', signal: signalName(signal) });
      if (signal < 32) expect(signalNumber(signalName(signal))).toBe(signal);
    }
  });

  it('does not take a stop for an end', async () => {
    const ended = endOf('kill -STOP $$; exit 9');
    const { pid } = parseProc((await ends.started(run)).stat);
    const stateOf = (): string | undefined =>
      spawnSync('cat', [`/proc/${pid}/stat`])
        .stdout.toString()
        .split(') ')[1]?.[0];
    await waitFor(() => stateOf() === 'T', 'it is stopped');
    ends.say('say');
    process.kill(pid, 'SIGCONT');
    expect((await ended).outcome).toEqual({ kind: 'exited', exitCode: 9 });
  });

  it('says when the process ended, in seconds since boot', async () => {
    const { uptimeMs } = await endOf('cat /proc/uptime >&2');
    const before = Number(ends.output('stderr').trim().split('\n').at(-1)?.split(' ')[0]) * 1000;
    expect(uptimeMs).toBeGreaterThanOrEqual(before);
    expect(uptimeMs - before).toBeLessThan(30_000);
  });

  it('gives the process a session of its own, no input, its two outputs, and no other descriptor', async () => {
    const { stdout, pid } = await runUnderShim({
      argv: ['/bin/sh', '-c', 'cat /proc/$$/stat; cd /proc/$$/fd; ls -l'],
      env: { PATH: '/bin' },
    });
    const stat = parseProc(stdout.split('\n')[0] as string);
    expect(stat).toMatchObject({ pid, session: pid });
    const fds = [...stdout.matchAll(/ (\d+) -> (.*)$/gm)].map(
      (match) => `${match[1]} ${match[2]?.replace(/.*\//, '')}`,
    );
    // What whoever runs the tests has left open beyond these, Node hands on to all it spawns.
    expect(fds.filter((fd) => Number.parseInt(fd, 10) < 16)).toEqual(['0 null', '1 out', '2 err']);
  });

  it('hands on no signal that is ignored or blocked', async () => {
    const { stdout } = await runUnderShim({ argv: ['/bin/cat', '/proc/self/status'] });
    const masks = [...stdout.matchAll(/^(SigBlk|SigIgn|SigCgt):\s*(\w+)$/gm)].map(([, name, mask]) => [
      name,
      BigInt(`0x${mask}`),
    ]);
    expect(masks).toEqual([
      ['SigBlk', 0n],
      ['SigIgn', 0n],
      ['SigCgt', 0n],
    ]);
  });

  it('lets a program open its outputs by name, and keeps both apart', async () => {
    const { stdout, stderr } = await runUnderShim({
      argv: [
        '/bin/sh',
        '-c',
        'echo a >/dev/stdout; echo b >/dev/stderr; echo c >>/proc/self/fd/1; read -r x; echo "d$x$?"',
      ],
    });
    expect({ stdout, stderr }).toEqual({ stdout: 'a\nc\nd1\n', stderr: 'b\n' });
  });

  it('tells of a program that cannot be executed by the exit code, with the reason on standard error', async () => {
    const { ended, stderr } = await runUnderShim({ argv: ['/no/such/program'] });
    expect(ended.outcome).toEqual({ kind: 'exited', exitCode: 127 });
    expect(stderr).toMatch(/\/no\/such\/program.*No such file/);
  });

  it('survives the launcher, and signals that are meant for others', async () => {
    const shim = new TestShim();
    try {
      await shim.open();
      shim.write({ argv: ['/bin/sh', '-c', 'read -r x </proc/self/fd/0; exec sleep 1000'] });
      shim.launcher.up({ id: 1, instance: null }, 1, 1);
      const { pid } = parseProc((await shim.started(1)).stat);
      shim.launcher.close();
      const shimPid = await shim.pid();
      for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGALRM'] as const) {
        process.kill(shimPid, signal);
      }
      process.kill(pid, 'SIGKILL');
      expect((await shim.ended(1)).outcome).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
      expect(shim.isGone).toBe(false);
    } finally {
      await shim.close();
    }
  });
});

describe('what is said to a shim', () => {
  const shim = new TestShim();
  beforeAll(async () => {
    await shim.open();
    shim.write({ argv: ['/bin/sh', '-c', 'exit 7'] });
    shim.launcher.up({ id: 1, instance: null }, 4, 3);
    await shim.ended(3);
  });
  afterAll(() => shim.close());

  /** Everything said before is done: a run that is newer than all has ended. */
  let latest = 3;
  const settled = async (): Promise<void> => {
    latest += 1;
    shim.say(`go ${latest}`);
    await shim.ended(latest);
  };

  it('repeats how the last run ended, word for word', async () => {
    shim.say('say');
    shim.say('say');
    await settled();
    const ends = shim.all('ended').filter(({ run }) => run === 3);
    expect(ends).toHaveLength(3);
    expect(new Set(ends.map((word) => JSON.stringify(word))).size).toBe(1);
    expect(ends[0]?.outcome).toEqual({ kind: 'exited', exitCode: 7 });
  });

  it('starts no run twice, and none that is older than the last', async () => {
    const before = latest;
    shim.say(`go ${latest}`);
    shim.say('go 1');
    await settled();
    expect(shim.all('started').filter(({ run }) => run <= before)).toHaveLength(before - 2);
    expect(shim.all('started').some(({ run }) => run === 1)).toBe(false);
  });

  it('is not obeyed when it means another generation', async () => {
    shim.say('bye 3');
    shim.say('bye 5');
    await settled();
    expect(shim.isGone).toBe(false);
  });

  it('does no harm when it is nonsense', async () => {
    shim.say('nonsense');
    shim.say('');
    shim.say('go x');
    shim.say('* /etc/passwd $(touch pwned) `touch pwned`');
    await settled();
    expect(existsSync(shim.file('pwned'))).toBe(false);
    expect(shim.isGone).toBe(false);
  });
});

describe('a generation', () => {
  it('that somebody has claimed never begins', async () => {
    const shim = new TestShim();
    try {
      await shim.open();
      shim.write({ argv: ['/bin/true'] });
      writeFileSync(shim.file('shim.1'), '');
      shim.launcher.up({ id: 1, instance: null }, 1, 1);
      shim.launcher.up({ id: 1, instance: null }, 2, 2);
      await shim.ended(2);
      expect(shim.all('hello').map(({ generation }) => generation)).toEqual([2]);
      expect(shim.all('started').map((word) => word.run)).toEqual([2]);
    } finally {
      await shim.close();
    }
  });

  it('begins once, however often it is launched', async () => {
    const shim = new TestShim();
    try {
      await shim.open();
      shim.write({ argv: ['/bin/true'] });
      for (let times = 0; times < 5; times += 1) shim.launcher.up({ id: 1, instance: null }, 1, 1);
      await shim.ended(1);
      shim.say('go 2');
      await shim.ended(2);
      expect(shim.all('hello')).toHaveLength(1);
      expect(shim.all('started')).toHaveLength(2);
    } finally {
      await shim.close();
    }
  });
});
