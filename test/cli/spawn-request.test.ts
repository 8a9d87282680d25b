// From the words of the command line to the request: commander reads them as it does in the program.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { spawnCommand } from '../../src/cli/spawn.ts';
import { type SpawnFlags, spawnOptions } from '../../src/cli/spawn-flags.ts';
import { type Caller, makeSpawnRequest } from '../../src/cli/spawn-request.ts';
import { ProcctlError } from '../../src/errors.ts';
import type { SpawnRequest } from '../../src/protocol/process-spec.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'procctl-spawn-'));
  writeFileSync(join(directory, 'app.js'), '');
  writeFileSync(join(directory, 'app.ts'), '');
  writeFileSync(join(directory, 'prod.env'), 'A=file\nB=file\n');
  writeFileSync(join(directory, 'more.env'), 'B=more\nC="x y"\n');
  writeFileSync(join(directory, 'bad.env'), 'A=1\nnonsense\n');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** What commander makes of words: the words that are left, and the flags. */
const parse = (words: readonly string[]): { words: string[]; flags: SpawnFlags } => {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  command.argument('<script>').argument('[args...]').passThroughOptions();
  for (const option of spawnOptions()) command.addOption(option);
  command.parse([...words], { from: 'user' });
  return { words: command.args, flags: command.opts() };
};

const said: string[] = [];

const caller = (more: Partial<Caller> = {}): Caller => ({
  env: { PATH: '/usr/bin:/bin', HOME: '/home/me', A: 'mine', SECRET: 'x' },
  directory,
  isRoot: false,
  node: { execPath: '/opt/node', version: '22.18.0', stripsTypes: true },
  findUser: (text) => ({ name: text, uid: 33, gid: 34, home: '/srv/web' }),
  say: (line) => said.push(line),
  ...more,
});

const request = async (words: readonly string[], more: Partial<Caller> = {}): Promise<SpawnRequest> => {
  said.length = 0;
  const parsed = parse(words);
  return makeSpawnRequest(parsed.words, parsed.flags, caller(more));
};

const refusal = async (words: readonly string[], more: Partial<Caller> = {}): Promise<[number, string]> => {
  try {
    await request(words, more);
  } catch (error) {
    if (error instanceof ProcctlError) return [error.exitStatus, error.message];
    if (error instanceof CommanderError) return [2, error.message];
    throw error;
  }
  throw new Error(`${words.join(' ')} was not refused`);
};

describe('a request', () => {
  it('has the defaults that the help names', async () => {
    expect(await request(['app.js'])).toEqual({
      name: null,
      defaultName: 'app',
      instances: null,
      argv: ['/opt/node', join(directory, 'app.js')],
      command: 'app.js',
      cwd: directory,
      env: { PATH: '/usr/bin:/bin', HOME: '/home/me', A: 'mine', SECRET: 'x' },
      policy: {
        restart: 'on-failure',
        okExitCodes: [0],
        restartLimit: { max: 5, withinMs: 60_000 },
        backoff: { minMs: 1000, maxMs: 30_000 },
        stableAfterMs: 10_000,
      },
      stopSignal: 'SIGTERM',
      stopTimeoutMs: 5000,
      logMaxBytes: 10_485_760,
      logKeep: 5,
      nice: null,
      limits: {},
      umask: null,
      user: null,
      boot: false,
    });
  });

  it('has what every option says', async () => {
    const words = `--name web --instances 3 --restart always --ok-exit-codes 3,143 --max-restarts unlimited --within 2m
      --backoff 100ms..1m --stable-after 30 --stop-signal int --stop-timeout 0 --log-max-size 1k --log-keep 1 --nice 19
      --limit nofile=10 --limit core=0:unlimited --limit nofile=20 --umask 027 --boot --interpreter /bin/sh app.js -x`;
    expect(await request(words.split(/\s+/))).toMatchObject({
      name: 'web',
      instances: 3,
      argv: ['/bin/sh', join(directory, 'app.js'), '-x'],
      command: 'app.js -x',
      policy: {
        restart: 'always',
        okExitCodes: [0, 3, 143],
        restartLimit: { max: null, withinMs: 120_000 },
        backoff: { minMs: 100, maxMs: 60_000 },
        stableAfterMs: 30_000,
      },
      stopSignal: 'SIGINT',
      stopTimeoutMs: 0,
      logMaxBytes: 1024,
      logKeep: 1,
      nice: 19,
      limits: { nofile: { soft: 20, hard: 20 }, core: { soft: 0, hard: null } },
      umask: 0o027,
      boot: true,
    });
  });

  it('does not restart what is attached, unless it was asked to', async () => {
    expect((await request(['--attach', 'app.js'])).policy.restart).toBe('no');
    expect((await request(['--attach', '--restart', 'always', 'app.js'])).policy.restart).toBe('always');
    expect((await request(['--attach', '--instances', '1', 'app.js'])).instances).toBe(1);
  });

  it('says how TypeScript is run, and nothing otherwise', async () => {
    await request(['app.ts']);
    expect(said).toEqual(['app.ts: run by Node 22.18.0 with its types stripped']);
    await request(['app.js']);
    expect(said).toEqual([]);
  });

  it('takes the surroundings of this very process if no others are given', async () => {
    const { words, flags } = parse(['--', process.execPath, '-v']);
    const { cwd, env, argv } = await makeSpawnRequest(words, flags);
    expect([cwd, env.PATH, argv]).toEqual([process.cwd(), process.env.PATH, [process.execPath, '-v']]);
  });
});

describe('the words', () => {
  it.each([
    [
      ['app.js', '--name', 'x', '-i', '2', '--', '--help'],
      ['--name', 'x', '-i', '2', '--', '--help'],
    ],
    [
      ['--name', 'y', '--', 'app.js', '-e', '--', ''],
      ['-e', '--', ''],
    ],
    [['--', 'app.js', '--help'], ['--help']],
    [
      ['app.js', '-h', '-V'],
      ['-h', '-V'],
    ],
  ])('%j: those behind the script belong to it', async (words, args) => {
    expect((await request(words)).argv.slice(2)).toEqual(args);
  });

  it('are quoted where people see them', async () => {
    expect((await request(['app.js', 'a b', '$X', ''])).command).toBe("app.js 'a b' '$X' ''");
  });

  it.each([
    ['A=1 exec node server.js | tee x', 'node'],
    ['while :; do date; sleep 1; done', 'while'],
    ['/usr/local/bin/run.sh && x', 'run'],
    ['(cd /; ls)', 'cd'],
    ['A=1', 'process'],
  ])('of a shell line %j give the name %s', async (line, name) => {
    const made = await request(['--shell', line]);
    expect(made.argv).toEqual(['/bin/sh', '-c', line]);
    expect([made.command, made.defaultName]).toEqual([line, name]);
  });
});

describe('the environment', () => {
  it("is the caller's, then the files in their order, then -e", async () => {
    const words = [
      '-e',
      'C=flag=1',
      '--env-file',
      'prod.env',
      '--env-file',
      join(directory, 'more.env'),
      '-e',
      'D=',
      'app.js',
    ];
    expect((await request(words)).env).toEqual({
      PATH: '/usr/bin:/bin',
      HOME: '/home/me',
      SECRET: 'x',
      A: 'file',
      B: 'more',
      C: 'flag=1',
      D: '',
    });
  });
  it('begins with PATH alone with --clear-env, and -e passes on what is named', async () => {
    const { env } = await request(['--clear-env', '-e', 'HOME', '-e', '__proto__=p', 'app.js']);
    expect(Object.entries(env)).toEqual([
      ['PATH', '/usr/bin:/bin'],
      ['HOME', '/home/me'],
      ['__proto__', 'p'],
    ]);
  });
  it('has the directory of --cwd as PWD', async () => {
    const { cwd, env } = await request(['--cwd', '..', 'sh']);
    expect([cwd, env.PWD]).toEqual([join(directory, '..'), join(directory, '..')]);
    expect((await request(['--cwd', '/', '-e', 'PWD=x', 'sh'])).env.PWD).toBe('x');
  });
  it('says who the user is, unless told otherwise', async () => {
    const made = await request(['--user', 'web', '-e', 'HOME=/tmp', 'app.js'], { isRoot: true });
    expect(made.user).toEqual({ name: 'web', uid: 33, gid: 34 });
    expect(made.env).toMatchObject({ USER: 'web', LOGNAME: 'web', HOME: '/tmp' });
    expect((await request(['--user', 'web', 'app.js'], { isRoot: true })).env.HOME).toBe('/srv/web');
  });
  it('decides with its PATH what is found', async () => {
    writeFileSync(join(directory, 'mine'), '#!/bin/sh\n');
    chmodSync(join(directory, 'mine'), 0o755);
    expect(await refusal(['mine'])).toEqual([127, 'mine: command not found']);
    expect((await request(['-e', `PATH=${directory}`, 'mine'])).argv).toEqual(['mine']);
    expect((await request(['mine'], { env: { PATH: '' } })).argv).toEqual(['mine']);
    expect((await request(['sh'], { env: {} })).argv).toEqual(['sh']);
  });
});

describe('a mistake', () => {
  it.each([
    [['--shell', 'echo', 'a', 'b'], '--shell takes one argument, the whole line, got 3'],
    [['--shell', '--interpreter', 'bash', 'echo'], '--shell is for /bin/sh and takes no --interpreter'],
    [['--attach', '-i', '2', 'app.js'], '--attach is for one process, not for several --instances'],
    [['--user', 'web', 'app.js'], '--user: only root can run a process as somebody else'],
    [['--nice', '-1', 'app.js'], '--nice: only root can go below 0'],
    [['--backoff', '30s..1s', 'app.js'], 'the range "30s..1s" ends before it begins'],
    [['--instances', '0', 'app.js'], 'expected a whole number from 1 to 1000, got "0"'],
    [['--instances', '1001', 'app.js'], 'expected a whole number from 1 to 1000, got "1001"'],
    [['--nice', '20', 'app.js'], 'expected a whole number from -20 to 19, got "20"'],
    [['--log-keep', '0', 'app.js'], 'expected a whole number from 1 to 1000, got "0"'],
    [['--log-max-size', '1023', 'app.js'], 'expected a size of at least 1k, got "1023"'],
    [['--umask', '888', 'app.js'], 'expected permission bits in octal, such as 022, got "888"'],
    [['--umask', '1777', 'app.js'], 'expected permission bits in octal, such as 022, got "1777"'],
    [['--within', '0', 'app.js'], 'expected a duration above 0'],
    [['--stable-after', '0', 'app.js'], 'expected a duration above 0'],
    [['--stop-signal', 'TREM', 'app.js'], 'did you mean "TERM"?'],
    [['--restart', 'maybe', 'app.js'], 'Allowed choices are no, on-failure, always'],
    [['--name', 'a/b', 'app.js'], 'the name "a/b" holds /'],
    [['--name', 'x'.repeat(63), '-i', '10', 'app.js'], 'is too long to be numbered up to 10'],
    [['-e', '=1', 'app.js'], 'the name is empty in "=1"'],
    [['-e', 'NOSUCH', 'app.js'], '-e NOSUCH: there is no such variable here'],
    [['-e', '__proto__', 'app.js'], '-e __proto__: there is no such variable here'],
    [['--env-file', 'nosuch.env', 'app.js'], 'nosuch.env: no such file'],
    [['--env-file', '.', 'app.js'], '.: is a directory'],
    [['--env-file', 'bad.env', 'app.js'], 'bad.env:2: no assignment: "nonsense"'],
    [['--limit', 'nofile', 'app.js'], 'expected a limit such as "nofile=4096"'],
    [['--nosuch', 'app.js'], "unknown option '--nosuch'"],
    [['--name', 'web'], "missing required argument 'script'"],
    [[''], 'the command is empty'],
  ])('%j is told in one line, exit code 2: %s', async (words, message) => {
    const [status, text] = await refusal(words);
    expect([status, text]).toEqual([2, expect.stringContaining(message)]);
  });
  it('of root is none', async () => {
    expect((await request(['--nice', '-20', 'app.js'], { isRoot: true })).nice).toBe(-20);
  });
  it.each([
    [['nosuch.js'], 127, 'nosuch.js: no such file'],
    [['nosuch'], 127, 'nosuch: command not found'],
    [['./app.js/'], 127, './app.js/: no such file'],
    [['/'], 126, '/: is a directory'],
    [['--cwd', '/no/where', 'app.js'], 126, 'cwd /no/where: no such directory'],
  ])('%j in what is run has the exit code of a shell', async (words, status, message) => {
    expect(await refusal(words)).toEqual([status, message]);
  });
});

describe('procctl spawn', () => {
  const program = (ran: unknown[]): Command =>
    new Command('procctl')
      .exitOverride()
      .configureOutput({ writeErr: () => {}, writeOut: (text) => ran.push(text) })
      .enablePositionalOptions()
      .version('1')
      .addCommand(
        spawnCommand(
          (status) => ran.push(status),
          async ({ argv }, { json, waitReady }) => {
            ran.push([argv, json, waitReady]);
            return 7;
          },
        ).configureHelp({ helpWidth: 1000 }),
      );

  it('runs the request, and ends with what came of it', async () => {
    const ran: unknown[] = [];
    const words = ['spawn', '--json', '--wait-ready', '2s', process.execPath, '--version', '--json'];
    await program(ran).parseAsync(words, { from: 'user' });
    expect(ran).toEqual([[[process.execPath, '--version', '--json'], true, 2000], 7]);
  });

  it('names every option in its help, with its default', () => {
    const ran: string[] = [];
    const command = program(ran).commands[0] as Command;
    const help = command.helpInformation();
    for (const { long } of spawnOptions()) {
      expect(help).toMatch(new RegExp(`^ .*${long}[ ,].*\\(.*default: [^)]+\\)$`, 'm'));
    }
  });
});
