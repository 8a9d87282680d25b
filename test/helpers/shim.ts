import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessSpec } from '../../src/protocol/process-spec.ts';
import { type ShimWord, startScript } from '../../src/protocol/shim-script.ts';
import { parseProc } from '../../src/runtime/family/proc.ts';
import { Launcher } from '../../src/runtime/supervise/launcher.ts';
import { ShimLink } from '../../src/runtime/supervise/shim-link.ts';
import { findStartTools } from '../../src/runtime/supervise/start-tools.ts';
import { scratch, waitFor } from './procctl.ts';

export const TOOLS = findStartTools();
export const HOME_MARK = '0123456789abcdef';

export const specOf = (spec: Partial<ProcessSpec> & Pick<ProcessSpec, 'argv'>): ProcessSpec => ({
  id: 1,
  name: 'web',
  group: 'web',
  instance: null,
  token: 'token-of-a-test',
  createdAt: 0,
  command: spec.argv.join(' '),
  cwd: '/',
  env: {},
  policy: {
    restart: 'no',
    okExitCodes: [0],
    restartLimit: { max: 5, withinMs: 60_000 },
    backoff: { minMs: 1_000, maxMs: 30_000 },
    stableAfterMs: 10_000,
  },
  stopSignal: 'SIGTERM',
  stopTimeoutMs: 5_000,
  logMaxBytes: 1024 ** 2,
  logKeep: 5,
  nice: null,
  limits: {},
  umask: null,
  user: null,
  boot: false,
  ...spec,
});

type Said<Tag extends ShimWord['tag']> = Extract<ShimWord, { tag: Tag }>;

/** A real launcher and the shim of process 1, in a directory of their own, without a daemon. */
export class TestShim {
  readonly directory = scratch();
  readonly words: ShimWord[] = [];
  readonly launcher = new Launcher(this.directory, '');
  isGone = false;
  #output: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  #link: ShimLink | undefined;

  file(name: string): string {
    return join(this.directory, '1', name);
  }

  /** Makes directory and pipes, and opens this side of them. */
  async open(): Promise<void> {
    mkdirSync(join(this.directory, '1'));
    await this.launcher.makePipes(1);
    this.#link = new ShimLink((name) => this.file(name), {
      onWord: (word) => this.words.push(word),
      onOutput: (stream, chunk) => this.#output[stream].push(Buffer.from(chunk)),
      onGone: () => {
        this.isGone = true;
      },
    });
  }

  /** What the next run is to be. */
  write(spec: Partial<ProcessSpec> & Pick<ProcessSpec, 'argv'>): void {
    writeFileSync(this.file('start.sh'), startScript(specOf(spec), HOME_MARK, TOOLS));
  }

  say(line: string): void {
    if (this.#link?.say(line) !== true) throw new Error(`no shim takes ${line}`);
  }

  output(stream: 'stdout' | 'stderr'): string {
    return Buffer.concat(this.#output[stream]).toString('latin1');
  }

  /** All words of a kind so far. */
  all<Tag extends ShimWord['tag']>(tag: Tag): Said<Tag>[] {
    return this.words.filter((word): word is Said<Tag> => word.tag === tag);
  }

  started(run: number): Promise<Said<'started'>> {
    return waitFor(() => this.all('started').find((word) => word.run === run), `run ${run} started`);
  }

  ended(run: number): Promise<Said<'ended'>> {
    return waitFor(() => this.all('ended').find((word) => word.run === run), `run ${run} ended`);
  }

  async pid(): Promise<number> {
    return parseProc((await waitFor(() => this.all('hello')[0], 'the shim said hello')).stat).pid;
  }

  /** Sends the shim away, if there is one. Whatever it runs has to be ended before. */
  async close(): Promise<void> {
    const hello = this.all('hello')[0];
    if (hello !== undefined && !this.isGone) {
      this.say(`bye ${hello.generation}`);
      await waitFor(() => this.isGone, 'the shim is gone');
    }
    this.#link?.close();
    this.launcher.close();
  }
}

/** Runs something under a shim of its own to its end. */
export const runUnderShim = async (
  spec: Partial<ProcessSpec> & Pick<ProcessSpec, 'argv'>,
): Promise<{
  readonly stdout: string;
  readonly stderr: string;
  readonly pid: number;
  readonly ended: Said<'ended'>;
}> => {
  const shim = new TestShim();
  try {
    await shim.open();
    shim.write(spec);
    shim.launcher.up({ id: 1, instance: null }, 1, 1);
    const ended = await shim.ended(1);
    const { pid } = parseProc((await shim.started(1)).stat);
    return { stdout: shim.output('stdout'), stderr: shim.output('stderr'), pid, ended };
  } finally {
    await shim.close();
  }
};
