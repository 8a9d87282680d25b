// Four shells that give commands as fast as they can, and what they know to be true of them.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessView } from '../../src/protocol/process-view.ts';
import type { CommandResult, TestHome } from '../helpers/home.ts';
import { identify, type Marked, markedProcesses, shimsOf } from '../helpers/marked.ts';
import { waitFor } from '../helpers/procctl.ts';

/** What is known of a name by the answers to its commands. */
type Known = 'absent' | 'up' | 'down';
type Verb = 'spawn' | 'stop' | 'start' | 'restart' | 'rm';

/** Programs of all sorts; the first argument of `spawn` that is no option follows `--`. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  plain: ['--', 'sleep', '100000'],
  family: ['--', 'sh', '-c', 'sleep 100000 & setsid sleep 100000 & wait'],
  stubborn: ['--stop-timeout', '200ms', '--', 'sh', '-c', 'trap "" TERM; sleep 100000; :'],
  // It ends by itself again and again.
  flapper: [
    ...['--restart', 'always', '--max-restarts', 'unlimited', '--backoff', '10ms..100ms'],
    ...['--', 'sh', '-c', 'sleep 0.2; exit 3'],
  ],
};
const KINDS = Object.keys(PROGRAMS);
/** Names that every shell uses: of these, only what holds for all can be known. */
const SHARED = ['shared-plain', 'shared-flapper'];
const REFUSALS = /no process named|there is a process named/;

const kindOf = (name: string): string => name.slice(name.indexOf('-') + 1);

/** mulberry32 */
const randomFrom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

export class Storm {
  readonly random: () => number;
  readonly #home: TestHome;
  readonly #seed: number;
  readonly #shells: readonly (() => number)[];
  readonly #known = new Map<string, Known>();
  readonly #pids = new Map<string, number>();
  readonly #history: string[] = [];
  readonly #wrong: string[] = [];
  readonly #startedAt = performance.now();
  /** How many `rm` were carried out by a daemon that did not live to answer. */
  unanswered = 0;

  constructor(home: TestHome, { seed, shells }: { readonly seed: number; readonly shells: number }) {
    this.#home = home;
    this.#seed = seed;
    this.random = randomFrom(seed);
    this.#shells = Array.from({ length: shells }, (_, shell) => randomFrom(seed + shell + 1));
    for (let shell = 0; shell < shells; shell += 1) {
      for (const kind of KINDS) this.#known.set(`s${shell}-${kind}`, 'absent');
    }
  }

  note(text: string): void {
    this.#history.push(`${((performance.now() - this.#startedAt) / 1000).toFixed(3)} ${text}`);
  }

  /** One shell gives some commands, one after the other, and looks at once whether each answer is true. */
  async run(shell: number, commands: number): Promise<void> {
    const random = this.#shells[shell] as () => number;
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    for (let count = 0; count < commands; count += 1) {
      if (random() < 0.2) {
        const name = pick(SHARED);
        await this.#command(shell, pick(['spawn', 'stop', 'start', 'restart', 'rm'] as const), name);
        continue;
      }
      const name = `s${shell}-${pick(KINDS)}`;
      const known = this.#known.get(name) as Known;
      const verb = known === 'absent' ? 'spawn' : pick(['stop', 'start', 'restart', 'rm'] as const);
      const before = this.#pids.get(name);
      const result = await this.#command(shell, verb, name);
      this.#learn(name, verb, result, before);
    }
  }

  async #command(shell: number, verb: Verb, name: string): Promise<CommandResult> {
    const args = verb === 'spawn' ? ['spawn', '--name', name, ...(PROGRAMS[kindOf(name)] as string[])] : [verb, name];
    this.note(`shell ${shell}: ${verb} ${name} …`);
    const result = await this.#home.run(args);
    const { code, signal, stdout, stderr } = result;
    this.note(`shell ${shell}: ${verb} ${name}: ${signal ?? code} ${JSON.stringify((stdout + stderr).trim())}`);
    if (code !== 0 && !(SHARED.includes(name) && REFUSALS.test(stderr))) {
      const isUnanswered = verb === 'rm' && code === 1 && REFUSALS.test(stderr);
      if (!isUnanswered) this.#say(`${verb} ${name} was not done: ${signal ?? code} ${stderr.trim()}`);
    }
    return result;
  }

  /** An answer is true the moment it is given. */
  #learn(name: string, verb: Verb, { code, stdout }: CommandResult, before: number | undefined): void {
    if (code !== 0) {
      if (verb !== 'rm') return;
      // Done by a daemon that was killed before it could say so: the next one knows no such process any more.
      this.unanswered += 1;
      this.#known.set(name, 'absent');
      return;
    }
    const alive = markedProcesses(this.#home.path).filter((process) => process.name === name);
    if (verb === 'stop' || verb === 'rm') {
      this.#known.set(name, verb === 'stop' ? 'down' : 'absent');
      this.#pids.delete(name);
      if (alive.length > 0) this.#say(`${verb} ${name} was acknowledged, but alive: ${JSON.stringify(alive)}`);
      return;
    }
    this.#known.set(name, 'up');
    const pid = Number(/ pid=(\d+)$/m.exec(stdout)?.[1]);
    this.#pids.set(name, pid);
    if (kindOf(name) === 'flapper') return;
    if (!alive.some((process) => process.pid === pid)) {
      this.#say(`${verb} ${name} was acknowledged with pid ${pid}, but alive: ${JSON.stringify(alive)}`);
    }
    if (verb === 'restart' && pid === before)
      this.#say(`restart ${name} was acknowledged, but pid ${pid} is the old one`);
    const wasUp = verb === 'start' && before !== undefined;
    if (wasUp && pid !== before) this.#say(`start ${name} has replaced pid ${before}, which was running, by ${pid}`);
  }

  /** Two runs of one name must never live at the same time. */
  lookForTwins(): void {
    const first = new Map<string, Marked>();
    for (const process of markedProcesses(this.#home.path)) {
      const other = first.get(process.name) ?? process;
      first.set(process.name, other);
      if (other.id === process.id && other.run === process.run) continue;
      // Read one after the other: both were there at a time only if the first is there still.
      const isStillThere = identify(other.pid)?.startTicks === other.startTicks;
      if (isStillThere) this.#say(`two at a time: ${JSON.stringify(other)} and ${JSON.stringify(process)}`);
      else first.set(process.name, process);
    }
  }

  /** Once all shells are quiet and a daemon runs: everything settles, and is as the answers said. */
  async check(): Promise<void> {
    let wrong: string[] = [];
    try {
      await waitFor(
        async () => {
          wrong = this.#differences(await this.#home.list());
          return wrong.length === 0;
        },
        'everything settles',
        20_000,
      );
    } catch {
      for (const text of wrong) this.#say(text);
    }
    if (this.#wrong.length > 0) throw new Error(await this.#report());
  }

  #differences(views: readonly ProcessView[]): string[] {
    const wrong: string[] = [];
    const marked = markedProcesses(this.#home.path);
    const byName = new Map(views.map((view) => [view.name, view]));
    if (byName.size !== views.length) wrong.push('a name is listed twice');
    for (const [name, known] of this.#known) {
      const view = byName.get(name);
      if (known === 'absent' ? view !== undefined : view === undefined) {
        wrong.push(`${name} is ${known}, but ${view === undefined ? 'not ' : ''}listed`);
      }
      if (view === undefined) continue;
      if (known === 'up' && !view.alive) wrong.push(`${name} is up, but ${shown(view)}`);
      if (known === 'down' && (view.alive || view.state !== 'exited'))
        wrong.push(`${name} is down, but ${shown(view)}`);
      const pid = this.#pids.get(name);
      const isFlapper = kindOf(name) === 'flapper';
      if (known === 'up' && !isFlapper && view.pid !== pid) wrong.push(`${name} had pid ${pid}, now ${shown(view)}`);
    }
    for (const view of views) {
      if (!this.#known.has(view.name) && !SHARED.includes(view.name)) wrong.push(`${view.name} is listed: by whom?`);
      const isHeld = view.state === 'waiting' && view.reason === 'backoff';
      const isStuck = view.alive ? view.state === 'stopping' : view.state === 'ready' || view.state === 'stopping';
      if (isStuck && !isHeld) wrong.push(`${view.name} is stuck: ${shown(view)}`);
      const family = marked.filter(({ id }) => id === view.id);
      if (!view.alive && view.state !== 'waiting' && family.length > 0) {
        wrong.push(`${view.name} is ${shown(view)}, but alive: ${JSON.stringify(family)}`);
      }
      if (new Set(family.map(({ run }) => run)).size > 1)
        wrong.push(`${view.name} lives twice: ${JSON.stringify(family)}`);
    }
    const ids = new Set(views.map(({ id }) => id));
    for (const process of marked)
      if (!ids.has(process.id)) wrong.push(`unlisted, but alive: ${JSON.stringify(process)}`);
    return [...wrong, ...this.#shimsThatAreWrong(views)];
  }

  #shimsThatAreWrong(views: readonly ProcessView[]): string[] {
    const shims = shimsOf(this.#home.path);
    const launchers = shims.filter(({ id }) => id === undefined);
    const wrong = launchers.length > 1 ? [`${launchers.length} launchers`] : [];
    for (const { pid, id } of shims) {
      if (id === undefined) continue;
      const view = views.find((one) => one.id === id);
      const isNeeded = view !== undefined && view.state !== 'exited' && view.state !== 'failed';
      if (!isNeeded) wrong.push(`shim ${pid} of process ${id} (${view?.name ?? 'unlisted'}) is left over`);
      const others = shims.filter((shim) => shim.id === id);
      if (others.length > 1) wrong.push(`process ${id} has ${others.length} shims`);
    }
    return wrong;
  }

  #say(text: string): void {
    this.#wrong.push(text);
    this.note(`WRONG ${text}`);
  }

  async #report(): Promise<string> {
    const { stdout } = await this.#home.run(['events', '--json', '-n', '400']);
    const log = join(this.#home.path, 'daemon.log');
    const parts: Record<string, string> = {
      [`wrong (seed ${this.#seed})`]: this.#wrong.join('\n'),
      history: this.#history.slice(-200).join('\n'),
      events: stdout,
      'daemon.log': existsSync(log) ? readFileSync(log, 'utf8').slice(-4_000) : '',
      ps: (await this.#home.run(['ps', '--json'])).stdout,
    };
    return Object.entries(parts)
      .map(([title, text]) => `--- ${title}\n${text}`)
      .join('\n');
  }
}

const shown = ({ state, reason, pid }: ProcessView): string => `${state} (${reason}), pid ${pid}`;
