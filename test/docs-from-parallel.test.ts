// Runs the examples of docs/from-parallel.md, each in a directory of its own: what procctl writes has to be what stands on the
// page, and so has what the other tool writes, if it is installed.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { PEERS, type Peer, type PeerExample, readPeerPage, type Script } from './helpers/peer-examples.ts';
import { liveWithMark, scratch } from './helpers/procctl.ts';

const PROGRAM = fileURLToPath(new URL('../bin/procctl.cjs', import.meta.url));
const PAGE = fileURLToPath(new URL('../docs/from-parallel.md', import.meta.url));

/** An example that hangs is ended before its test gives up on it. */
const LIMIT_MS = 45_000;

const page = readFileSync(PAGE, 'utf8');
const { setUp, examples } = readPeerPage(page);

/** Other programs have these names, too: parallel of moreutils, and GNU rush, a shell. */
const isInstalled = (peer: Peer): boolean => {
  const { error, stdout } = spawnSync(peer, ['--help'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const sign = { parallel: 'GNU Parallel', xargs: 'xargs', rush: 'github.com/shenwei356/rush' }[peer];
  return error === undefined && stdout.includes(sign);
};

const base = scratch();
const template = join(base, 'template');

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  /** What it has left behind. */
  readonly left: readonly string[];
}

const environment = (directory: string, token: string, shell: string): NodeJS.ProcessEnv => ({
  PATH: `${base}/bin:${process.env.PATH}`,
  HOME: directory,
  LC_ALL: 'C.UTF-8',
  TMPDIR: `${directory}.tmp`,
  PROCCTL_HOME: `${directory}.home`,
  // GNU parallel asks to be cited where this directory does not say that it was.
  PARALLEL_HOME: `${base}/parallel`,
  // Else it looks for a shell among its parents, and in `sh -c 'parallel …'` it may have taken the place of its own.
  PARALLEL_SHELL: shell,
  EXAMPLE_MARK: token,
});

const run = ({ shell, text }: Script): Promise<Ran> => {
  const token = `example-${randomBytes(8).toString('hex')}`;
  const directory = join(base, token);
  const env = environment(directory, token, shell);
  cpSync(template, directory, { recursive: true });
  mkdirSync(env.TMPDIR as string);
  return new Promise((resolve, reject) => {
    const child = spawn(shell, ['-c', text], {
      cwd: directory,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const timer = setTimeout(() => process.kill(-(child.pid as number), 'SIGKILL'), LIMIT_MS);
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (piece: string) => (stdout += piece));
    child.stderr.setEncoding('utf8').on('data', (piece: string) => (stderr += piece));
    child.once('error', reject);
    child.once('close', () => {
      clearTimeout(timer);
      const processes = liveWithMark(token).map(({ pid, command }) => `${pid} (${command})`);
      resolve({ stdout, stderr, left: [...processes, ...readdirSync(env.TMPDIR as string)] });
    });
  });
};

const sorted = (text: string): string => text.split('\n').toSorted().join('\n');

const expectOutput = async (script: Script, { output, isInAnyOrder }: PeerExample): Promise<Ran> => {
  const ran = await run(script);
  const inOrder = isInAnyOrder ? sorted : (text: string) => text;
  expect(inOrder(ran.stdout), `${script.text}\n${ran.stderr}`).toBe(inOrder(output));
  return ran;
};

beforeAll(() => {
  for (const name of ['bin', 'parallel', 'template']) mkdirSync(join(base, name));
  writeFileSync(join(base, 'parallel', 'will-cite'), '');
  symlinkSync(PROGRAM, join(base, 'bin', 'procctl'));
  const { status, stderr } = spawnSync('sh', ['-c', setUp], { cwd: template, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the set-up of the examples fails: ${stderr}`);
});

const titled = (list: readonly PeerExample[]) =>
  list.map((example) => ({
    example,
    title: `line ${example.line}: ${example.procctl.text.trim().split('\n').at(-1)}`,
  }));

/** The options that tables have in their column `procctl`. */
const optionsInTables = (): string[] => {
  const rows = page.split('\n').map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));
  let column = -1;
  return rows.flatMap((cells) => {
    if (cells.length < 3) column = -1;
    else if (column === -1) column = cells.indexOf('procctl');
    else return [...(cells[column] ?? '').matchAll(/`(-[^\s`]+)[^`]*`/g)].map(([, option]) => option as string);
    return [];
  });
};

describe('docs/from-parallel.md', () => {
  it('names no option that procctl pool does not have', () => {
    const help = execFileSync(process.execPath, [PROGRAM, 'pool', '--help'], { encoding: 'utf8' });
    const known = new Set(help.match(/(?<=[ ,])--?[a-zA-Z0-9][\w-]*/g));
    const named = optionsInTables();
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((option) => !known.has(option))).toEqual([]);
  });
  it('has at least forty examples of GNU parallel', () => {
    expect(examples.filter(({ peer }) => peer?.name === 'parallel').length).toBeGreaterThanOrEqual(40);
  });
});

describe.concurrent('procctl writes what docs/from-parallel.md says', () => {
  it.each(titled(examples))('$title', async ({ example }) => {
    const { left } = await expectOutput(example.procctl, example);
    expect(left).toEqual([]);
  });
});

for (const name of PEERS) {
  const its = examples.filter(({ peer }) => peer?.name === name);
  const isThere = isInstalled(name);
  if (!isThere) console.warn(`${name} is not installed: what it writes is not compared with docs/from-parallel.md`);
  describe.runIf(isThere).concurrent(`${name} writes what docs/from-parallel.md says`, () => {
    it.each(titled(its))('$title', async ({ example }) => {
      await expectOutput(example.peer as Script, example);
    });
  });
}
