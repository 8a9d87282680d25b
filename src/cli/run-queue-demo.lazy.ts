import { constants } from 'node:os';
import { Process } from '../api/process.ts';
import { Queue } from '../api/queue.ts';
import { Ledger } from '../core/demo/ledger.ts';
import { EXIT, exitStatusOfSignal } from '../errors.ts';
import { jsonLine } from '../protocol/json-lines.ts';
import {
  type DemoEvent,
  type DemoProcess,
  type DemoProof,
  type DemoView,
  demoEventText,
  demoProofText,
  renderQueueDemo,
} from '../render/queue-demo.ts';
import { wantsColour } from './colour.ts';
import { Painter } from './painter.ts';
import { consume, type DemoReport, produce } from './queue-demo-roles.ts';
import { READER_GONE, writeStdout } from './write-stdout.ts';

export interface QueueDemoFlags {
  readonly producers: number;
  readonly consumers: number;
  readonly items: number;
  readonly capacity: number;
  readonly delay: number;
  readonly delivery: 'at-most-once' | 'at-least-once';
  readonly killOne: boolean;
  readonly json: boolean;
}

const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** A process of the demonstration, and what is known of it. */
class Part {
  items = 0;
  counted: number | null = null;
  isDone = false;

  constructor(
    readonly role: DemoProcess['role'],
    readonly process: Process,
  ) {}

  get name(): string {
    return this.process.name;
  }

  get pid(): number {
    return this.process.pid as number;
  }

  view(): DemoProcess {
    const { exitCode, signal, state } = this.process;
    const alive = this.process.isAlive();
    const ended = signal ?? exitCode;
    const stateText = state === 'exited' && ended !== null ? `exited (${ended})` : state;
    return { name: this.name, role: this.role, pid: this.pid, alive, state: stateText, items: this.items };
  }
}

class QueueDemo {
  readonly #flags: QueueDemoFlags;
  readonly #show: (event: DemoEvent) => void;
  readonly #queue: Queue<number>;
  readonly #reports = new Queue<DemoReport>();
  readonly #ledger: Ledger;
  readonly #parts: Part[] = [];
  #killed: Part | undefined;
  #fill = 0;

  constructor(flags: QueueDemoFlags, show: (event: DemoEvent) => void) {
    this.#flags = flags;
    this.#show = show;
    this.#queue = new Queue({ maxSize: flags.capacity, delivery: flags.delivery });
    this.#ledger = new Ledger(flags.items);
  }

  view(): DemoView {
    const { capacity, items } = this.#flags;
    return {
      processes: this.#parts.map((part) => part.view()),
      fill: this.#fill,
      capacity,
      arrived: this.#ledger.arrived,
      total: items,
    };
  }

  /** Looks how full the queue is. */
  async look(): Promise<void> {
    this.#fill = await this.#queue.size();
  }

  async run(): Promise<DemoProof> {
    const { producers, consumers, items, delay } = this.#flags;
    for (const index of numbers(producers)) {
      const name = `producer-${index}`;
      const args = [name, this.#queue, this.#reports, [index, producers, items]] as const;
      this.#start('producer', new Process({ name, daemon: true, target: produce, args }));
    }
    for (const index of numbers(consumers)) {
      const name = `consumer-${index}`;
      this.#start(
        'consumer',
        new Process({ name, daemon: true, target: consume, args: [name, this.#queue, this.#reports, delay] }),
      );
    }
    const ends = this.#parts.map(async (part) => {
      await part.process.join();
      const { exitCode, signal } = part.process;
      this.#show({ event: 'ended', name: part.name, pid: part.pid, exitCode, signal });
    });
    const listening = this.#listen();
    await Promise.all(ends.slice(0, producers));
    await this.#queue.close();
    await Promise.all(ends);
    await listening;
    return this.#proof();
  }

  end(): void {
    for (const { process } of this.#parts) if (process.isAlive()) process.kill();
  }

  #start(role: DemoProcess['role'], child: unknown): void {
    const part = new Part(role, child as Process);
    part.process.start();
    this.#parts.push(part);
    this.#show({ event: 'started', name: part.name, pid: part.pid, role });
  }

  /** Until all have said that they are done, or have ended without a word. */
  async #listen(): Promise<void> {
    const isOver = (part: Part): boolean => part.isDone || (!part.process.isAlive() && part.process.exitCode !== 0);
    while (!this.#parts.every(isOver)) {
      const report = await this.#reports.get({ timeoutMs: 200 }).catch(() => undefined);
      const part = this.#parts.find(({ name }) => name === report?.by);
      if (report !== undefined && part !== undefined) this.#hear(report, part);
    }
    for (let left = await this.#reports.size(); left > 0; left -= 1) {
      const report = await this.#reports.get();
      const part = this.#parts.find(({ name }) => name === report.by);
      if (part !== undefined) this.#hear(report, part);
    }
    await this.#reports.close();
  }

  #hear({ what, item, counted }: DemoReport, part: Part): void {
    part.counted = counted;
    if (what === 'done') {
      part.isDone = true;
      return;
    }
    part.items += 1;
    if (what === 'got') this.#ledger.add(item);
    this.#show({ event: what, name: part.name, pid: part.pid, item });
    if (this.#flags.killOne && what === 'got') this.#killOneHalfway(part);
  }

  /** The one that has just got something has the next item in a moment, and is busy with it for a while. */
  #killOneHalfway(part: Part): void {
    if (this.#killed !== undefined || this.#ledger.arrived * 2 < this.#flags.items) return;
    this.#killed = part;
    setTimeout(() => {
      if (!part.process.isAlive()) return;
      part.process.kill();
      this.#show({ event: 'killed', name: part.name, pid: part.pid });
    }, this.#flags.delay / 2);
  }

  #proof(): DemoProof {
    const { items, delivery } = this.#flags;
    const { isExact, arrived, missing, doubled } = this.#ledger;
    const own = (globalThis as { queueDemoCount?: number }).queueDemoCount ?? 0;
    const globals = Object.fromEntries(this.#parts.map(({ name, counted }) => [name, counted]));
    return {
      event: 'proof',
      ok: isExact,
      items,
      arrived,
      missing,
      doubled,
      delivery,
      killed: this.#killed?.name ?? null,
      globals: { 'this one': own, ...globals },
    };
  }
}

/** Where lines go that come faster than they can be written: written in order, and the end waits for all of them. */
class Lines {
  #last: Promise<boolean> = Promise.resolve(true);
  #pending = '';
  isGone = false;

  add(line: string, onGone: () => void): void {
    const isFirst = this.#pending === '';
    this.#pending += line;
    if (!isFirst) return;
    this.#last = this.#last.then(async () => {
      const text = this.#pending;
      this.#pending = '';
      const isRead = await writeStdout(text);
      if (!isRead && !this.isGone) {
        this.isGone = true;
        onGone();
      }
      return isRead;
    });
  }

  async flush(): Promise<void> {
    await this.#last;
  }
}

/** What the table said last stays on the terminal. */
const lastTable = (demo: QueueDemo, colour: boolean): string => {
  const { columns = 80 } = process.stdout;
  return renderQueueDemo({ ...demo.view(), fill: 0 }, { columns, rows: Number.POSITIVE_INFINITY, colour });
};

/** Shows producers and consumers over a queue; resolves to the exit status. */
export const runQueueDemo = async (flags: QueueDemoFlags): Promise<number> => {
  const isLive = !flags.json && process.stdout.isTTY === true && process.env.TERM !== 'dumb';
  // The same variable that each of the processes has.
  (globalThis as { queueDemoCount?: number }).queueDemoCount = 0;
  const lines = new Lines();
  const stop = new AbortController();
  let signal: (typeof ENDING_SIGNALS)[number] | undefined;
  const write = (text: string): void => lines.add(text, () => stop.abort());
  const demo: QueueDemo = new QueueDemo(flags, (event) => {
    if (flags.json) write(`${jsonLine(event)}\n`);
    else if (!isLive) write(`${demoEventText(event)}\n`);
    painter?.changed();
  });
  const colour = wantsColour('auto', process.env, isLive);
  const painter = isLive
    ? new Painter({
        stream: process.stdout,
        render: (size) => renderQueueDemo(demo.view(), { ...size, colour }).trimEnd(),
      })
    : undefined;
  for (const name of ENDING_SIGNALS) {
    process.once(name, () => {
      signal ??= name;
      stop.abort();
    });
  }
  const looking = painter === undefined ? undefined : setInterval(() => void demo.look().catch(() => {}), 50);
  const stopped = new Promise<undefined>((resolve) => {
    stop.signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  try {
    const running = demo.run();
    running.catch(() => {});
    painter?.start();
    const proof = await Promise.race([running, stopped]);
    if (proof === undefined) {
      demo.end();
      return signal === undefined ? READER_GONE : exitStatusOfSignal(constants.signals[signal]);
    }
    painter?.stop();
    if (isLive) write(lastTable(demo, colour));
    write(flags.json ? `${jsonLine(proof)}\n` : demoProofText(proof));
    await lines.flush();
    if (lines.isGone) return READER_GONE;
    return proof.ok ? EXIT.done : EXIT.failed;
  } finally {
    clearInterval(looking);
    painter?.stop();
    demo.end();
  }
};
