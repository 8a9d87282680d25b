import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CommandResult, TestHome } from '../helpers/home.ts';
import { waitFor } from '../helpers/procctl.ts';
import { procctlCommand } from '../helpers/running-command.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
const AS_NOBODY = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

const processDirectory = (home: TestHome, id: number): string => join(home.path, 'processes', String(id));

/** The one line that a command says when it cannot do anything. */
const refusalOf = ({ code, stdout, stderr }: CommandResult): string => {
  expect({ code, stdout, lines: linesOf(stderr).length, stderr }).toEqual({ code: 125, stdout: '', lines: 1, stderr });
  return stderr;
};

/** Runs procctl as another user; its files have to be readable by everybody. */
const runAsNobody = async (home: TestHome, args: readonly string[]): Promise<CommandResult> => {
  const [file, ...rest] = [...(isRoot ? AS_NOBODY : []), ...procctlCommand(args)];
  const child = spawn(file as string, rest, { cwd: '/', env: home.env() });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (text: Buffer) => {
      said[name] += text.toString();
    });
  }
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, ...said };
};

/** Whether somebody else than root can be asked to run procctl here. */
const canBeNobody = ((): boolean => {
  if (!isRoot) return true;
  const [setpriv, ...rest] = [...AS_NOBODY, ...procctlCommand(['--version'])] as [string, ...string[]];
  return spawnSync(setpriv, rest, { cwd: '/' }).status === 0;
})();

describe.concurrent('a damaged file', () => {
  const damages: readonly (readonly [how: string, spoil: (text: string) => string])[] = [
    ['cut short', (text) => text.slice(0, text.length / 2)],
    ['garbled', (text) => `\0\xff${text.slice(7)}{{{`],
    ['empty', () => ''],
    ['of another kind', () => '[1, 2]\n'],
    ['without what it should hold', () => '{"format":1}\n'],
  ];
  for (const [how, spoil] of damages) {
    it(`is set aside when it is ${how}, and its live process is taken over`, async () => {
      const home = new TestHome();
      const napper = await home.spawn('--name', 'napper', 'sleep', '1000');
      const speechless = await home.spawn('--name', 'speechless', 'sleep', '1001');
      const { pid: well } = await home.spawn('--name', 'well', 'sleep', '1002');
      await home.killDaemon();
      const spoiled: (readonly [id: number, file: string, text: string])[] = [];
      for (const [id, file] of [
        [napper.id, 'status.json'],
        [speechless.id, 'spec.json'],
      ] as const) {
        const path = join(processDirectory(home, id), file);
        const text = spoil(readFileSync(path, 'utf8'));
        writeFileSync(path, text);
        spoiled.push([id, file, text]);
      }
      // Without a daemon, the list is there, and nothing is changed.
      expect(await home.list()).toHaveLength(3);
      expect((await home.run(['show', 'all'])).code).toBe(0);
      for (const [id, file, text] of spoiled) {
        expect(readFileSync(join(processDirectory(home, id), file), 'utf8')).toBe(text);
      }
      await home.ok(['daemon', 'start']);
      for (const [id, file, text] of spoiled) {
        expect(readFileSync(join(processDirectory(home, id), `${file}.damaged-1`), 'utf8')).toBe(text);
        expect(JSON.parse(readFileSync(join(processDirectory(home, id), file), 'utf8'))).toMatchObject({ format: 1 });
      }
      const views = await home.list();
      expect(views.map(({ name, pid, alive }) => [name, pid, alive])).toEqual([
        ['napper', napper.pid, true],
        [expect.any(String), speechless.pid, true],
        ['well', well, true],
      ]);
      const damaged = linesOf(await home.ok(['events', '--json'])).map((line) => JSON.parse(line));
      expect(damaged.filter(({ event }) => event === 'damaged')).toMatchObject([
        { id: napper.id, file: 'status.json' },
        { id: speechless.id, file: 'spec.json' },
      ]);
      // All that can be done with a process can be done with this one, but to start it when its spec is lost.
      await home.ok(['restart', 'napper']);
      expect((await home.view('napper')).pid).not.toBe(napper.pid);
      expect((await home.run(['stop', String(speechless.id)])).code).toBe(0);
      expect(await home.view(String(speechless.id))).toMatchObject({ alive: false, state: 'exited' });
      expect((await home.run(['rm', String(speechless.id)])).code).toBe(0);
      expect(home.alive().filter(({ command }) => command === 'sleep 1001')).toEqual([]);
    });
  }

  it('of a process that has ended meanwhile leaves its end unknown, not invented', async () => {
    const home = new TestHome();
    const { id, pid } = await home.spawn('--name', 'it', '--shell', 'until [ -e go ]; do sleep 0.01; done; exit 7');
    await home.killDaemon();
    writeFileSync(join(processDirectory(home, id), 'status.json'), 'nonsense');
    writeFileSync(join(home.work, 'go'), '');
    await waitFor(() => !existsSync(`/proc/${pid}`), 'it has ended');
    await home.ok(['daemon', 'start']);
    const view = await home.until('it', ({ state }) => state === 'exited', 'at rest');
    expect([view.exitCode, view.reason]).toEqual(view.exitCode === 7 ? [7, '7'] : [null, 'unknown']);
    await home.ok(['start', 'it']);
    await home.until('it', ({ state, restarts }) => state === 'waiting' || restarts > 0, 'runs again');
  });
});

describe.concurrent('files of others in a home', () => {
  it('are left alone when a newer version wrote them, and so is the process', async () => {
    const home = new TestHome();
    const { pid } = await home.spawn('--name', 'modern', 'sleep', '1000');
    await home.spawn('--name', 'plain', 'sleep', '1001');
    await home.killDaemon();
    for (const file of ['status.json', 'spec.json']) {
      const path = join(processDirectory(home, 1), file);
      const ours = readFileSync(path, 'utf8');
      const newer = ours.replace('"format":1', '"format":99');
      expect(newer).not.toBe(ours);
      writeFileSync(path, newer);
      const names = readdirSync(processDirectory(home, 1)).sort();
      await home.ok(['daemon', 'start']);
      expect(readFileSync(path, 'utf8')).toBe(newer);
      expect(readdirSync(processDirectory(home, 1)).sort()).toEqual(names);
      expect(existsSync(`/proc/${pid}`)).toBe(true);
      expect((await home.spawn('--name', 'fresh', 'sleep', '1002')).id).toBeGreaterThan(2);
      await home.ok(['rm', 'fresh']);
      await home.killDaemon();
      writeFileSync(path, ours);
    }
    expect(await home.view('modern')).toMatchObject({ pid, alive: true });
    await home.ok(['daemon', 'start']);
    expect(await home.view('modern')).toMatchObject({ pid, alive: true });
  });

  it('stop the daemon of an older version when the whole home is newer', async () => {
    const home = new TestHome();
    await home.ok(['daemon', 'start']);
    await home.ok(['daemon', 'stop']);
    writeFileSync(join(home.path, 'format'), '99\n');
    expect(refusalOf(await home.run(['spawn', 'sleep', '1000']))).toMatch(/newer version of procctl/);
  });

  it('keep no daemon from starting, and are not touched', async () => {
    const home = new TestHome();
    await home.ok(['daemon', 'start']);
    await home.ok(['daemon', 'stop']);
    const processes = join(home.path, 'processes');
    const outside = join(home.work, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'mine'), 'mine');
    writeFileSync(join(processes, 'notes.txt'), 'notes');
    writeFileSync(join(processes, '7'), 'a file');
    mkdirSync(join(processes, 'backup'));
    writeFileSync(join(processes, 'backup', 'spec.json'), '{}');
    mkdirSync(join(processes, '8'));
    writeFileSync(join(processes, '8', 'readme'), 'not a process');
    symlinkSync(outside, join(processes, '9'));
    symlinkSync('/nowhere/at/all', join(processes, '10'));
    await home.list();
    await home.ok(['daemon', 'start']);
    const { id, name } = await home.spawn('sleep', '1000');
    expect(id).toBeGreaterThan(10);
    expect(await home.view(name)).toMatchObject({ alive: true });
    expect(readdirSync(outside)).toEqual(['mine']);
    expect(readFileSync(join(processes, 'notes.txt'), 'utf8')).toBe('notes');
    expect(readFileSync(join(processes, '7'), 'utf8')).toBe('a file');
    expect(readdirSync(join(processes, 'backup'))).toEqual(['spec.json']);
    expect(readFileSync(join(processes, '8', 'readme'), 'utf8')).toBe('not a process');
  });
});

describe.concurrent('the place of a home', () => {
  const names: readonly (readonly [what: string, name: string])[] = [
    ['150 bytes long', `home-${'x'.repeat(145)}`],
    ['with blanks and quotes', ` a  'b' "c" $HOME \\`],
    ['with a newline', 'new\nline\n'],
    ['in another script', 'дом-家-🏠'],
    ['like an option', '-e'],
  ];
  for (const [what, name] of names) {
    it(`may be ${what}`, async () => {
      const home = new TestHome(name);
      const { pid } = await home.spawn('--name', 'web', '--shell', 'echo hello; exec sleep 1000');
      await waitFor(async () => (await home.ok(['logs', 'web'])) === 'hello\n', 'logged');
      await home.killDaemon();
      expect(await home.view('web')).toMatchObject({ pid, alive: true });
      expect((await home.run(['restart', 'web'])).code).toBe(0);
      const { socket, alive } = await home.daemon();
      expect([alive, Buffer.byteLength(socket) <= 107]).toEqual([1, true]);
      expect(await home.ok(['rm', 'web'])).toBe('web removed\n');
    });
  }

  it('may be relative, and is the same from wherever it is named', async () => {
    const home = new TestHome();
    const { pid } = await home.spawn('--name', 'web', 'sleep', '1000');
    const env = { PROCCTL_HOME: 'home/' };
    expect(JSON.parse(await home.ok(['ps', '--json'], { env, cwd: join(home.path, '..') }))).toMatchObject([{ pid }]);
  });

  it('holds a stale socket and a stale lock after a crash, and neither matters', async () => {
    const home = new TestHome();
    await home.ok(['daemon', 'start']);
    const first = await home.killDaemon();
    const { socket } = await home.daemon();
    expect(existsSync(socket)).toBe(true);
    rmSync(socket);
    writeFileSync(socket, 'a plain file');
    await home.ok(['daemon', 'start']);
    expect((await home.daemon()).pid).not.toBe(first);
  });

  it('is refused in one line where its socket cannot be made', async () => {
    const home = new TestHome();
    mkdirSync(join(home.path, 'daemon.sock', 'full'), { recursive: true });
    expect(refusalOf(await home.run(['spawn', 'sleep', '1000']))).toMatch(/daemon\.sock/);
    expect(home.alive()).toEqual([]);
  });

  it('is refused in one line when it is a file, by commands that read as well', async () => {
    const home = new TestHome();
    writeFileSync(home.path, 'precious');
    for (const command of [
      ['spawn', 'true'],
      ['ps'],
      ['stop', 'all'],
      ['logs'],
      ['daemon', 'status'],
      ['daemon', 'stop'],
    ]) {
      expect(refusalOf(await home.run(command))).toMatch(/^procctl: home .*: not a directory \(set PROCCTL_HOME/);
    }
    expect(readFileSync(home.path, 'utf8')).toBe('precious');
    rmSync(home.path);
  });

  it.runIf(isRoot)("is refused to root when it is somebody else's", async () => {
    const home = new TestHome();
    mkdirSync(home.path, { mode: 0o755 });
    chownSync(home.path, NOBODY, NOBODY);
    for (const command of [['spawn', 'true'], ['ps'], ['daemon', 'start']]) {
      expect(refusalOf(await home.run(command))).toMatch(/belongs to user 65534, not to you \(0\)/);
    }
    expect(readdirSync(home.path)).toEqual([]);
  });

  it.runIf(isRoot && canBeNobody)("is refused to others when it is root's, with what runs in it unharmed", async () => {
    const home = new TestHome();
    const { pid } = await home.spawn('sleep', '1000');
    chmodSync(join(home.path, '..'), 0o755);
    for (const mode of [0o700, 0o755]) {
      chmodSync(home.path, mode);
      for (const command of [
        ['spawn', 'true'],
        ['ps'],
        ['stop', 'all'],
        ['rm', 'sleep'],
        ['logs', 'sleep'],
        ['daemon', 'stop'],
      ]) {
        expect(refusalOf(await runAsNobody(home, command))).toMatch(/home .*belongs to user 0, not to you \(65534\)/);
      }
    }
    expect(await home.view('sleep')).toMatchObject({ pid, alive: true });
  });

  it.runIf(canBeNobody)('is refused in one line when it cannot be written', async () => {
    const home = new TestHome();
    mkdirSync(home.path);
    if (isRoot) chownSync(home.path, NOBODY, NOBODY);
    chmodSync(join(home.path, '..'), 0o755);
    chmodSync(home.path, 0o500);
    for (const command of [
      ['spawn', 'true'],
      ['daemon', 'start'],
    ]) {
      expect(refusalOf(await runAsNobody(home, command))).toMatch(/^procctl: home .*permission denied/i);
    }
    expect((await runAsNobody(home, ['ps'])).code).toBe(0);
    expect(readdirSync(home.path)).toEqual([]);
    chmodSync(home.path, 0o700);
  });
});

/** A home on a disk of its own, which can be filled; only root can have one. */
const onSmallDisk = async (size: string, use: (home: TestHome, disk: SmallDisk) => Promise<void>): Promise<void> => {
  const home = new TestHome();
  mkdirSync(home.path, { mode: 0o700 });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'procctl-test', home.path]);
  const disk = new SmallDisk(home.path);
  try {
    await use(home, disk);
  } finally {
    disk.free();
    const stopped = await home.run(['daemon', 'stop']);
    if (home.alive().length === 0) execFileSync('umount', [home.path]);
    else execFileSync('umount', ['-l', home.path]);
    expect(stopped).toMatchObject({ code: 0 });
  }
};

class SmallDisk {
  readonly #ballast: string;

  constructor(readonly path: string) {
    this.#ballast = join(path, 'ballast');
  }

  /** Leaves no more than that many pages free. */
  fill(freePages = 0): void {
    const page = statfsSync(this.path).bsize;
    const fd = openSync(this.#ballast, 'a');
    let bytes = 0;
    try {
      for (;;) bytes += writeSync(fd, Buffer.alloc(page, 1));
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
    }
    if (freePages > 0) ftruncateSync(fd, Math.max(0, (Math.floor(bytes / page) - freePages) * page));
    closeSync(fd);
  }

  free(): void {
    rmSync(this.#ballast, { force: true });
  }
}

const canMount = ((): boolean => {
  if (!isRoot) return false;
  const place = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim();
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', 'procctl-test', place]).status === 0;
  if (isMounted) execFileSync('umount', [place]);
  rmSync(place, { recursive: true });
  if (!isMounted) console.warn('no tmpfs can be mounted here: the tests of a full disk are skipped');
  return isMounted;
})();

describe.concurrent('a full disk', () => {
  it.runIf(canMount)(
    'refuses what is new in one line, leaves alone what runs, counts lost lines, and recovers',
    async () => {
      await onSmallDisk('2m', async (home, disk) => {
        const line = 'n=0; while :; do n=$((n + 1)); echo "line $n"; sleep 0.01; done';
        const writer = await home.spawn('--name', 'writer', '--shell', line);
        const napper = await home.spawn('--name', 'napper', 'sleep', '1000');
        disk.fill();
        const logged = async (): Promise<string[]> => linesOf(await home.ok(['logs', 'writer', '-n', 'all']));
        for (const more of [[], ['-i', '3'], ['-i', '20'], ['--attach']]) {
          const refused = await home.run(['spawn', ...more, '--name', 'fresh', 'sleep', '1001']);
          expect([more, refused.code, refused.stdout]).toEqual([more, 125, '']);
          expect(refused.stderr).toMatch(/^procctl: [^\n]*no space left[^\n]*\n$/i);
        }
        expect((await home.list()).map(({ name, pid, alive }) => [name, pid, alive])).toEqual([
          ['writer', writer.pid, true],
          ['napper', napper.pid, true],
        ]);
        expect(home.alive().filter(({ command }) => command === 'sleep 1001')).toEqual([]);

        // What is stopped ends in any case; that the disk does not know of it is said, and not hidden.
        const stopped = await home.run(['stop', 'napper']);
        expect(home.alive().filter(({ command }) => command === 'sleep 1000')).toEqual([]);
        expect([stopped.code, stopped.stderr]).toEqual([
          125,
          expect.stringMatching(/^procctl: the state of napper cannot be saved: [^\n]*\n$/),
        ]);
        expect(await home.view('napper')).toMatchObject({ alive: false, state: 'exited' });

        // The rest of the last page still took lines.
        const dropped = async () => JSON.parse(await home.ok(['show', 'writer', '--json']))[0].logDroppedLines;
        await waitFor(async () => (await dropped()) > 0, 'the disk takes no more lines');
        disk.free();
        const lines = await waitFor(async () => {
          const now = await logged();
          const dropped = now.findIndex((text) => text.startsWith('procctl: dropped'));
          return dropped !== -1 && now.length > dropped + 5 ? now : undefined;
        }, 'the log goes on');
        // Every line is there, or counted.
        let next = 1;
        for (const text of lines) {
          const dropped = /^procctl: dropped (\d+) lines? \(\d+ bytes\): no space left on device$/.exec(text);
          if (dropped === null) expect(text).toBe(`line ${next}`);
          next += dropped === null ? 1 : Number(dropped[1]);
        }
        expect(await home.view('writer')).toMatchObject({ pid: writer.pid, alive: true });
        expect((await home.spawn('--name', 'fresh', 'sleep', '1001')).id).toBeGreaterThan(2);
        expect((await home.run(['stop', 'napper'])).code).toBe(0);
        await home.killDaemon();
        expect(await home.view('napper')).toMatchObject({ alive: false, wanted: 'down' });
      });
    },
  );

  it.runIf(canMount)('never has a spawn acknowledged that is not wholly on the disk', async () => {
    await onSmallDisk('1m', async (home, disk) => {
      await home.ok(['daemon', 'start']);
      const env = { LARGE: 'x'.repeat(10_000) };
      const codes: (number | null)[] = [];
      for (let pages = 0; pages <= 14; pages += 1) {
        disk.fill(pages);
        const { code, stderr } = await home.run(['spawn', '--name', 'large', 'sleep', '1000'], { env });
        codes.push(code);
        const listed = readdirSync(join(home.path, 'processes')).filter((name) => /^\d+$/.test(name));
        if (code === 0) {
          const spec = readFileSync(join(home.path, 'processes', listed[0] as string, 'spec.json'), 'utf8');
          expect([pages, JSON.parse(spec)]).toMatchObject([pages, { name: 'large', env }]);
          disk.free();
          await home.ok(['rm', 'large']);
        } else {
          expect([pages, code, listed, linesOf(stderr).length]).toEqual([pages, 125, [], 1]);
          disk.free();
        }
      }
      expect([codes[0], codes.at(-1)]).toEqual([125, 0]);
    });
  });
});

describe.concurrent('a reboot', () => {
  /** Everything of a home ends with nobody to see it, and the status speaks of another boot. */
  const crashMachine = async (home: TestHome): Promise<void> => {
    await home.killDaemon();
    for (const { pid } of home.alive()) process.kill(pid, 'SIGKILL');
    await waitFor(() => home.alive().length === 0, 'everything has ended');
    for (const id of readdirSync(join(home.path, 'processes'))) {
      const path = join(home.path, 'processes', id, 'status.json');
      const status = JSON.parse(readFileSync(path, 'utf8'));
      expect(status.bootId).toMatch(/^[0-9a-f-]{36}$/);
      writeFileSync(path, JSON.stringify({ ...status, bootId: '00000000-0000-0000-0000-000000000000' }));
    }
  };

  it('is shown as what ended processes; those with --boot that were up are started, and nothing else', async () => {
    const home = new TestHome();
    const { pid } = await home.spawn('--name', 'plain', 'sleep', '1000');
    await home.spawn('--name', 'boots', '--boot', 'sleep', '1000');
    await home.spawn('--name', 'boots-stopped', '--boot', 'sleep', '1000');
    await home.spawn('--name', 'boots-done', '--boot', 'true');
    await home.spawn('--name', 'boots-held', '--boot', '--backoff', '1h', 'false');
    await home.until('boots-held', ({ reason }) => reason === 'backoff', 'held back');
    await home.until('boots-done', ({ state }) => state === 'exited', 'exited');
    await home.ok(['stop', 'boots-stopped']);
    await crashMachine(home);
    const offline = await home.list();
    expect(offline.map(({ name, pid: now, alive }) => [name, now, alive])).toEqual(
      ['plain', 'boots', 'boots-stopped', 'boots-done', 'boots-held'].map((name) => [name, null, false]),
    );
    // Recycled meanwhile, the pid would be somebody else's; none of them may be signalled or shown.
    await home.ok(['daemon', 'start']);
    await home.until('boots', ({ alive }) => alive, 'started');
    await home.until('boots-held', ({ reason }) => reason === 'backoff', 'tried again');
    expect(await home.view('plain')).toMatchObject({
      ...{ pid: null, alive: false, state: 'exited', reason: 'unknown', endedBy: 'reboot', wanted: 'up' },
      ...{ exitCode: null, signal: null },
    });
    expect(await home.ok(['ps', 'plain'])).toContain('exited (reboot)');
    expect((await home.ok(['show', 'plain'])).split('\n')[0]).toMatch(/^plain is down: the machine went down/);
    expect(await home.view('boots-stopped')).toMatchObject({ alive: false, endedBy: 'stop', signal: 'SIGTERM' });
    expect(await home.view('boots-done')).toMatchObject({ alive: false, endedBy: 'self', exitCode: 0 });
    expect(home.alive().filter(({ command }) => command === 'sleep 1000')).toHaveLength(1);
    const restored = await home.run(['daemon', 'start', '--restore']);
    expect(restored.stderr).toMatch(/started plain \(pid \d+\)/);
    expect((await home.view('plain')).pid).not.toBe(pid);
    expect(home.alive().filter(({ command }) => command === 'sleep 1000')).toHaveLength(2);
  });
});
