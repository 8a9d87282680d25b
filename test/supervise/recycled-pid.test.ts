import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ProcessView } from '../../src/protocol/process-view.ts';
import { TestHome } from '../helpers/home.ts';
import { PidNamespace, whyNoPidNamespace } from '../helpers/pid-namespace.ts';
import { fixture, waitFor } from '../helpers/procctl.ts';

const why = whyNoPidNamespace();
if (why !== undefined) process.stderr.write(`SKIPPED, nothing is known of recycled pids: ${why}\n`);

const opened: PidNamespace[] = [];
afterAll(() => {
  for (const space of opened) space.close();
});

/** The numbers of everything that a home has going, soon to be those of strangers. */
interface Pids {
  readonly daemon: number;
  readonly shim: number;
  readonly main: number;
  /** A child of the main program that the daemon has seen. */
  readonly child: number;
}

/** A home in a pid namespace, with one process, `victim`. */
class Scene {
  readonly #heard = new Map<number, { readonly file: string; readonly startTicks: number | undefined }>();

  private constructor(
    readonly home: TestHome,
    readonly space: PidNamespace,
  ) {}

  static async open(...spawnOptions: string[]): Promise<Scene & { pids: Pids }> {
    const home = new TestHome();
    const space = await PidNamespace.open(home);
    opened.push(space);
    const scene = new Scene(home, space);
    const program = ['--', 'sh', '-c', 'trap "" TERM; sleep 100000 & wait'];
    const [{ pid: main }] = JSON.parse(
      await space.ok('spawn', '--json', '--name', 'victim', ...spawnOptions, ...program),
    );
    const { pid: daemon } = JSON.parse(await space.ok('daemon', 'status', '--json'));
    // What `ps` has shown of its family is remembered in the status.
    const { shim, child } = await waitFor(async () => {
      await space.ok('ps');
      const { shim, seen } = scene.status;
      const other = seen.find(({ pid }: { pid: number }) => pid !== main);
      return shim?.ref && other ? { shim: shim.ref.pid as number, child: other.pid as number } : undefined;
    }, 'the child was seen');
    return Object.assign(scene, { pids: { daemon, shim, main, child } });
  }

  get status() {
    return JSON.parse(readFileSync(join(this.home.path, 'processes', '1', 'status.json'), 'utf8'));
  }

  async view(): Promise<ProcessView> {
    return JSON.parse(await this.space.ok('ps', '--json', 'victim'))[0];
  }

  /** Somebody else gets these pids, each as the leader of a session with a child in it. */
  async recycle(...pids: number[]): Promise<void> {
    // The highest first: children of a stranger take the numbers after its own.
    for (const pid of pids.sort((a, b) => b - a)) {
      const file = join(this.home.work, `heard-${pid}`);
      await this.space.startAs(pid, ['sh', fixture('hears-signals.sh'), file]);
      this.#heard.set(pid, { file, startTicks: this.space.startTicks(pid) });
    }
  }

  expectStrangersUnharmed(after: string): void {
    for (const [pid, { file, startTicks }] of this.#heard) {
      const heard = existsSync(file) ? readFileSync(file, 'utf8') : '';
      expect({ after, pid, heard, startTicks: this.space.startTicks(pid) }).toEqual({
        after,
        pid,
        heard: '',
        startTicks,
      });
      expect(this.space.childrenOf(pid)).toHaveLength(1);
    }
  }

  /** Every command that could hurt somebody, with the strangers looked after each time. */
  async tryEverything(pids: Pids): Promise<void> {
    const strangers = [...this.#heard.keys()];
    for (const command of [
      ['signal', 'USR1', 'victim'],
      ['signal', '--tree', 'USR1', 'victim'],
      ['stop', 'victim'],
      ['signal', 'USR1', 'victim'],
      ['restart', 'victim'],
      ['stop', '--now', 'victim'],
      ['start', 'victim'],
      ['stop', '--now', 'victim'],
      ['rm', 'victim'],
      ['daemon', 'stop'],
    ]) {
      await this.space.procctl(...command);
      this.expectStrangersUnharmed(command.join(' '));
      const shown = (JSON.parse(await this.space.ok('ps', '--json')) as ProcessView[]).map(({ pid }) => pid);
      expect(shown.filter((pid) => pid !== null && strangers.includes(pid))).toEqual([]);
    }
    expect(strangers).toContain(pids.main);
  }
}

describe.skipIf(why !== undefined)('promise 3: a stranger that has the pid of', () => {
  it('the daemon, a shim, a main program and its child is not theirs for the next daemon', async () => {
    const scene = await Scene.open('--restart', 'no');
    const { daemon, shim, main, child } = scene.pids;
    await scene.space.kill([daemon, shim, main, child]);
    await scene.recycle(daemon, shim, main, child);
    // The disk still says that it runs, under this very pid.
    expect(scene.status.life.state).toMatchObject({ tag: 'running', main: { pid: main } });
    expect(await scene.view()).toMatchObject({ pid: null, alive: false });
    await scene.space.ok('daemon', 'start');
    scene.expectStrangersUnharmed('recovery');
    const unknown = { pid: null, alive: false, state: 'exited', reason: 'unknown', exitCode: null, signal: null };
    expect(await scene.view()).toMatchObject(unknown);
    const details = JSON.parse(await scene.space.ok('show', '--json', 'victim'));
    expect(details[0].tree).toEqual([]);
    await scene.tryEverything(scene.pids);
  });

  it('a main program that is restarted always is left alone, and the restart gets a pid of its own', async () => {
    const scene = await Scene.open('--restart', 'always', '--stop-timeout', '200ms');
    const { daemon, shim, main, child } = scene.pids;
    await scene.space.kill([daemon, shim, main, child]);
    await scene.recycle(daemon, shim, main, child);
    await scene.space.ok('daemon', 'start');
    const view = await waitFor(async () => {
      const now = await scene.view();
      return now.alive ? now : undefined;
    }, 'victim is up again');
    expect(view.restarts).toBe(1);
    expect([daemon, shim, main, child]).not.toContain(view.pid);
    scene.expectStrangersUnharmed('recovery');
    await scene.tryEverything(scene.pids);
  });

  it('a main program whose stop was under way is not stopped in its place', async () => {
    const scene = await Scene.open('--stop-timeout', '1h');
    const { daemon, shim, main, child } = scene.pids;
    const stopping = scene.space.procctl('stop', 'victim');
    await waitFor(() => scene.status.life.state.tag === 'stopping', 'it is being stopped');
    await scene.space.signal('STOP', [daemon]); // or it would see the end
    await scene.space.kill([shim, main, child]);
    // As long as it is there, nobody starts another one, which might take one of these pids for itself.
    await scene.recycle(shim, main, child);
    await scene.space.kill([daemon]);
    // The command that waits asks the next daemon, which it starts.
    expect(await stopping).toMatchObject({ code: 0 });
    scene.expectStrangersUnharmed('the stop that went on');
    expect(await scene.view()).toMatchObject({ pid: null, alive: false, state: 'exited' });
    await scene.tryEverything(scene.pids);
  });

  it('a main program and its shim is not taken for them by a daemon that slept meanwhile', async () => {
    const scene = await Scene.open('--restart', 'no', '--stop-timeout', '200ms');
    const { daemon, shim, main, child } = scene.pids;
    await scene.space.signal('STOP', [daemon]);
    await scene.space.kill([shim, main, child]);
    await scene.recycle(shim, main, child);
    await scene.space.signal('CONT', [daemon]);
    expect((await scene.space.procctl('stop', 'victim')).code).toBe(0);
    scene.expectStrangersUnharmed('stop');
    expect(await scene.view()).toMatchObject({
      pid: null,
      alive: false,
      state: 'exited',
      signal: null,
      exitCode: null,
    });
    await scene.tryEverything(scene.pids);
  });
});
