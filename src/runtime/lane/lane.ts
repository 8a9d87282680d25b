import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import type { EndMode } from '../../core/pool/events.ts';
import type { AttemptOutcome } from '../../core/pool/outcome.ts';
import type { ProgramCommand, TaskOf } from '../../core/pool/task.ts';
import { KILL_AT_ONCE } from '../../core/pool/term-sequence.ts';
import { printable } from '../../core/printable.ts';
import { encodeBytes, isPlainText } from '../../protocol/bytes.ts';
import { outcomeOfStatus } from '../../protocol/lane-outcome.ts';
import { attemptScript, LaneReader, prelude, redirections, silenceOf } from '../../protocol/lane-script.ts';
import { shellQuote } from '../../protocol/shell-text.ts';
import { endFamily } from '../family/end-family.ts';
import { type FamilyQuery, findFamily } from '../family/family.ts';
import { firstChild, type ProcInfo } from '../family/proc.ts';
import { AnswerPipe } from './answer-pipe.ts';
import { Current, type ProgramAttempt } from './attempt.ts';
import { identityOf, type LaneContext } from './lane-context.ts';
import { addNiceness } from './niceness.ts';
import { PipeReader } from './pipes.ts';
import { directoryOf, planAttempt, programRefusal } from './plan-attempt.ts';
import { spawnAttempt } from './spawn-attempt.ts';

/**
 * Most tasks end before they have filled a pipe, and are read at their end. One that lives is looked after a few times,
 * at growing intervals; one that lives longer gets event-driven readers, which cost more to make than such a look.
 */
const FIRST_LOOK_MS = 3;
const LOOKS = 3;
/** What a pipe holds on Linux, unless somebody changed it. */
const FULL_BYTES = 64 * 1024;

const DISMISS_MS = 1_000;

/** Pipes that were in their places so shortly ago are not looked for again before the next attempt, as they are after it anyway. */
const SEEN_MS = 2;

/**
 * One place where an attempt runs: a long-lived shell in a session of its own, and two named pipes.
 * One attempt at a time. A lane that cannot be trusted any more (its shell died, somebody still holds its pipes) says
 * so by `isSpent`, and is to be replaced.
 */
export class Lane {
  readonly #context: LaneContext;
  readonly #number: number;
  readonly #shell: ChildProcess;
  readonly #reader = new LaneReader();
  #pipes: { readonly stdout: PipeReader; readonly stderr: PipeReader } | undefined;
  #current: Current | undefined;
  #answers: AnswerPipe | undefined;
  #pipesSeenAt = 0;
  #isSpent = false;
  #isPaused = false;
  #isClosing = false;
  #whenReady: (() => void)[] = [];
  readonly #exited: Promise<void>;
  readonly #onUnavailable: (error: Error) => void;
  readonly #redirections: string;
  readonly #witnessPath: string;

  /** @throws never: a shell that could not be started is reported to `onUnavailable` */
  constructor(context: LaneContext, number: number, onUnavailable: (error: Error) => void) {
    this.#context = context;
    this.#number = number;
    this.#onUnavailable = onUnavailable;
    this.#redirections = redirections('/dev/null', this.#path('stdout'), this.#path('stderr'));
    this.#witnessPath = this.#path('witness');
    this.#shell = spawn('/bin/sh', [], {
      argv0: '/bin/sh',
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
      cwd: context.directory,
      env: { ...context.env, PROCCTL_MARK: `${context.markPrefix}0.0/` },
    });
    this.#exited = new Promise((resolve) => {
      this.#shell.once('exit', (code, signal) => {
        this.#isSpent = true;
        resolve();
        const current = this.#current;
        if (this.#pipes === undefined && !this.#isClosing) {
          const reason = this.#reader.lastText || `its shell ended (${signal ?? `exit code ${code}`})`;
          onUnavailable(new Error(reason));
        } else if (current !== undefined && current.plan.way === 'shell') this.#lost(current, code, signal);
      });
      this.#shell.once('error', (error) => {
        this.#isSpent = true;
        resolve();
        onUnavailable(error);
      });
    });
    this.#shell.stdin?.on('error', () => {});
    this.#shell.stdout?.on('data', (chunk: Buffer) => this.#hear(chunk.toString('latin1')));
    // It has read nothing yet, so all it starts takes after it.
    this.#makeNice();
    this.#shell.stdin?.write(prelude([this.#path('stdout'), this.#path('stderr')], this.#path('answers')));
  }

  #makeNice(): void {
    try {
      if (this.#shell.pid !== undefined) addNiceness(this.#shell.pid, this.#context.nice);
    } catch (error) {
      this.#isClosing = true;
      this.#killShell();
      queueMicrotask(() => this.#onUnavailable(error as Error));
    }
  }

  get isSpent(): boolean {
    return this.#isSpent;
  }

  /** Whether it can take an attempt: not spent, and its pipes are where they were. */
  get isFit(): boolean {
    if (this.#isSpent) return false;
    if (this.#pipes === undefined || performance.now() - this.#pipesSeenAt < SEEN_MS) return true;
    return !(this.#pipes.stdout.isRemoved || this.#pipes.stderr.isRemoved);
  }

  get shellPid(): number | undefined {
    return this.#shell.pid;
  }

  /** pid of the attempt's own first process, looked up now; undefined when there is none (yet). */
  get attemptPid(): number | undefined {
    if (this.#current === undefined) return undefined;
    return this.#current.leader ?? (this.#shell.pid === undefined ? undefined : firstChild(this.#shell.pid));
  }

  /**
   * Runs one attempt; the lane must be free. When it has ended, first `onFree` is called, then the attempt's `onEnded`:
   * exactly once each, never before this returns.
   */
  run(attempt: ProgramAttempt, onFree: () => void): void {
    const { task } = attempt;
    const plan = planAttempt(task, this.#context);
    const current = new Current(attempt, plan, onFree);
    this.#current = current;
    if (plan.way === 'refuse') {
      queueMicrotask(() => this.#settle(current, plan.outcome));
      return;
    }
    const { stdin } = task;
    const hasStdin = stdin !== undefined && stdin.length > 0;
    const stdinPath = hasStdin ? this.#path('stdin') : '/dev/null';
    if (hasStdin) {
      try {
        // A new file each time: a process left behind may still read the old one.
        rmSync(stdinPath, { force: true });
        writeFileSync(stdinPath, typeof stdin === 'string' ? encodeBytes(stdin) : stdin, { mode: 0o600 });
      } catch (error) {
        const message = `cannot keep its standard input in ${this.#context.runDirectory}: ${(error as Error).message}`;
        queueMicrotask(() => this.#settle(current, { kind: 'error', code: 'ERR_STDIN', message }));
        return;
      }
    }
    if (plan.way === 'spawn') {
      this.#onceReady(() => void this.#spawn(current, stdinPath));
      return;
    }
    const script = attemptScript({
      command: task.command,
      cwd: directoryOf(task, this.#context.directory),
      env: task.env,
      identity: this.#identityText(current),
      oldDirectory: this.#context.env.OLDPWD,
      redirections: hasStdin ? redirections(stdinPath, this.#path('stdout'), this.#path('stderr')) : this.#redirections,
      witnessPath: this.#witnessPath,
      token: current.token,
    });
    this.#shell.stdin?.write(isPlainText(script) ? script : encodeBytes(script));
    this.#followSoon(current);
  }

  /** Forgets the attempt that this lane was given and could not begin. */
  takeBack(): void {
    clearTimeout(this.#current?.follow);
    this.#current = undefined;
  }

  /** By what the family of what runs is known; undefined when there is none. */
  familyQuery(_seq?: number): FamilyQuery | undefined {
    const current = this.#current;
    if (current === undefined || current.plan.way === 'refuse') return undefined;
    return this.#query(current, current.sinceTicks);
  }

  #query(current: Current, sinceTicks: number): FamilyQuery {
    const shell = this.#shell.pid;
    const { poolMark } = this.#context;
    return {
      mark: `${poolMark}${current.token}/`,
      poolMark,
      shell,
      leader: current.leader,
      session: current.plan.way === 'spawn' ? (current.leader ?? -1) : (shell ?? -1),
      sinceTicks,
    };
  }

  /** Ends what runs, with all it has started: as the pool's sequence has it, or by SIGKILL at once. */
  end(mode: EndMode, _seq?: number): void {
    const current = this.#current;
    if (current === undefined || current.plan.way === 'refuse') return;
    if (current.family !== undefined) {
      if (mode === 'now') current.family.now();
      return;
    }
    const { sinceTicks } = current;
    const find = (): ProcInfo[] => findFamily(this.#query(current, sinceTicks));
    const sequence = mode === 'now' ? KILL_AT_ONCE : (current.attempt.ending ?? this.#context.ending);
    current.family = endFamily({ find, isOver: () => current.outcome !== undefined, sequence });
    void current.family.survivors.then((survivors) => this.#familyEnded(current, survivors));
  }

  /** Stops taking output (the task blocks once its pipe is full), or goes on. */
  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (this.#pipes === undefined || this.#current === undefined) return;
    for (const pipe of [this.#pipes.stdout, this.#pipes.stderr]) isPaused ? pipe.pause() : pipe.resume();
  }

  /** Lets the shell go. Who still holds the pipes is read on, into nothing, until `close`. @returns does so at once */
  retire(onDropped: (bytes: number) => void): () => void {
    this.#isSpent = true;
    const drops = [this.#pipes?.stdout, this.#pipes?.stderr].map((pipe) => pipe?.abandon(onDropped));
    this.#answers?.close();
    this.#dismissShell();
    return () => {
      for (const drop of drops) drop?.();
    };
  }

  /** Resolves once its shell has ended. */
  get hasGone(): Promise<void> {
    return this.#exited;
  }

  /** Gives everything back; no attempt may be running. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#isSpent = true;
    this.#dismissShell();
    await this.#exited;
    this.#pipes?.stdout.close();
    this.#pipes?.stderr.close();
    this.#pipes = undefined;
    this.#answers?.close();
  }

  #path(name: string): string {
    return `${this.#context.runDirectory}/${this.#number}.${name}`;
  }

  #identity(current: Current): Record<string, string> {
    return identityOf(this.#context, current.attempt, current.token);
  }

  #identityText(current: Current): string {
    return Object.entries(this.#identity(current))
      .map(([name, value]) => `${name}=${shellQuote(value)}`)
      .join(' ');
  }

  #hear(text: string): void {
    for (const message of this.#reader.push(text)) {
      if (message.tag === 'ready') this.#ready();
      else this.#ended(message.token, message.status, message.wasAnnounced);
    }
  }

  #ready(): void {
    try {
      this.#answers = new AnswerPipe(this.#path('answers'), (text) => this.#hear(text));
      const take = (stream: 'stdout' | 'stderr') => (chunk: Buffer) => this.#current?.attempt.onData(stream, chunk);
      const stdout = new PipeReader(this.#path('stdout'), take('stdout'));
      this.#pipes = { stdout, stderr: new PipeReader(this.#path('stderr'), take('stderr')) };
    } catch (error) {
      // Without readers nobody can write: the lane is of no use.
      this.#isSpent = true;
      this.#isClosing = true;
      this.#killShell();
      this.#onUnavailable(error as Error);
      return;
    }
    const waiting = this.#whenReady;
    this.#whenReady = [];
    for (const action of waiting) action();
    if (this.#isPaused) this.setPaused(true);
  }

  #onceReady(action: () => void): void {
    if (this.#pipes === undefined) this.#whenReady.push(action);
    else action();
  }

  /** Looks after the output of an attempt that goes on: at growing intervals at first, then as it comes. */
  #followSoon(current: Current, delayMs = FIRST_LOOK_MS, looks = 1): void {
    current.follow = setTimeout(() => {
      this.#onceReady(() => {
        if (this.#current !== current || current.outcome !== undefined) return;
        if (looks <= LOOKS && !this.#isPaused) {
          const bytes = (this.#pipes?.stdout.look() ?? 0) + (this.#pipes?.stderr.look() ?? 0);
          // A pipe that was full has held the task up: look again at once.
          this.#followSoon(current, bytes >= FULL_BYTES ? 1 : delayMs * 2, looks + 1);
          return;
        }
        this.#pipes?.stdout.follow();
        this.#pipes?.stderr.follow();
        if (this.#isPaused) this.setPaused(true);
      });
    }, delayMs);
  }

  #ended(token: string, status: number, wasAnnounced: boolean): void {
    const current = this.#current;
    if (current === undefined || current.token !== token || current.outcome !== undefined) return;
    this.#mainEnded(current, this.#outcomeOf(current.attempt.task, status, wasAnnounced));
  }

  #outcomeOf(task: TaskOf<ProgramCommand>, status: number, wasAnnounced: boolean): AttemptOutcome {
    const { command } = task;
    const mayHaveWitness =
      command.kind === 'argv' ? status === 126 || status === 127 : status === 130 || status === 141;
    const hasWitness = mayHaveWitness && existsSync(this.#witnessPath);
    if (hasWitness) rmSync(this.#witnessPath, { force: true });
    if (command.kind === 'argv' && hasWitness) {
      const message = `${printable(command.argv[0])}: could not be executed; the reason is on its standard error`;
      return this.#notExecuted(task, { kind: 'error', code: 'ERR_NOT_EXECUTABLE', message });
    }
    return outcomeOfStatus(status, wasAnnounced, silenceOf(command, hasWitness), signalName);
  }

  /** It could be executed when it was looked for, perhaps a while ago. */
  #notExecuted(task: TaskOf<ProgramCommand>, outcome: AttemptOutcome): AttemptOutcome {
    return programRefusal(task, this.#context) ?? outcome;
  }

  /** The attempt's own process has ended; what it has started may have to follow. */
  #mainEnded(current: Current, outcome: AttemptOutcome): void {
    current.outcome = outcome;
    if (current.family === undefined || current.isFamilyGone) this.#settle(current, outcome);
    else current.family.poke();
  }

  #familyEnded(current: Current, survivors: readonly ProcInfo[]): void {
    if (this.#current !== current) return;
    if (survivors.length > 0) {
      const names = survivors.map(({ pid, command }) => `${pid} (${command})`).join(', ');
      this.#giveUp(current, { kind: 'error', code: 'ERR_SURVIVORS', message: `could not be ended: pid ${names}` });
    } else if (current.outcome !== undefined) {
      this.#settle(current, current.outcome);
    } else {
      // Nothing of it is left, but the shell does not say so: it is stopped, or stuck. Its end is the answer.
      current.isFamilyGone = true;
      this.#killShell();
    }
  }

  /** The lane's shell is gone, and with it the knowledge how the attempt ends; the attempt itself may live on. */
  #lost(current: Current, code: number | null, signal: NodeJS.Signals | null): void {
    const how = signal === null ? `exit code ${code}` : signal;
    const message = `the shell that ran it ended (${how}), so how it ended is not known`;
    if (current.family === undefined) this.end('graceful');
    this.#mainEnded(current, { kind: 'error', code: 'ERR_LANE_LOST', message });
  }

  /** An idle shell ends with its input; one that does not (it was stopped) is killed. */
  #dismissShell(): void {
    this.#shell.stdin?.end();
    const timer = setTimeout(() => this.#killShell(), DISMISS_MS);
    void this.#exited.then(() => clearTimeout(timer));
  }

  #killShell(): void {
    // Without a pid (it could not be started) `kill` would signal our own process group.
    if (this.#shell.pid !== undefined) this.#shell.kill('SIGKILL');
  }

  #giveUp(current: Current, outcome: AttemptOutcome): void {
    this.#isSpent = true;
    this.#settle(current, outcome);
  }

  #settle(current: Current, outcome: AttemptOutcome): void {
    clearTimeout(current.follow);
    let whole = outcome;
    if (current.plan.way !== 'refuse' && this.#pipes !== undefined) {
      const { stdout, stderr } = this.#pipes;
      const isFree = [stdout.finish(), stderr.finish()].every(Boolean);
      if (!isFree || stdout.isRemoved || stderr.isRemoved) this.#isSpent = true;
      this.#pipesSeenAt = performance.now();
      if (this.#hasStrayOutput()) whole = STRAY_OUTPUT;
    }
    this.#current = undefined;
    current.onFree();
    current.attempt.onEnded(whole);
  }

  /** Whether the shell, finding a pipe gone, has made a file of that name: what was written is in there, or was. */
  #hasStrayOutput(): boolean {
    if (!this.#isSpent) return false;
    return [this.#path('stdout'), this.#path('stderr')].some((path) => {
      const found = statSync(path, { throwIfNoEntry: false });
      return found?.isFile() === true;
    });
  }

  async #spawn(current: Current, stdinPath: string): Promise<void> {
    const { task } = current.attempt;
    const directory = directoryOf(task, this.#context.directory);
    const env: NodeJS.ProcessEnv = { ...this.#context.env };
    if (directory !== undefined) env.PWD = directory;
    for (const [name, value] of Object.entries(task.env ?? {})) {
      if (value === null) delete env[name];
      else env[name] = value;
    }
    const outcome = await spawnAttempt({
      command: task.command,
      nice: this.#context.nice,
      directory: directory ?? this.#context.directory,
      env: Object.assign(env, this.#identity(current)),
      paths: { stdin: stdinPath, stdout: this.#path('stdout'), stderr: this.#path('stderr') },
      isWanted: () => current.family === undefined,
      onStarted: (pid) => {
        current.leader = pid;
        this.#followSoon(current);
      },
    });
    const isNotExecuted = outcome.kind === 'error' && outcome.code === 'ERR_NOT_EXECUTABLE';
    this.#mainEnded(current, isNotExecuted ? this.#notExecuted(task, outcome) : outcome);
  }
}

const STRAY_OUTPUT: AttemptOutcome = {
  kind: 'error',
  code: 'ERR_OUTPUT_LOST',
  message: 'what it wrote is lost: somebody has removed the pipes of procctl from TMPDIR',
};

const signalName = (signal: number): NodeJS.Signals | undefined => {
  for (const [name, value] of Object.entries(osConstants.signals)) if (value === signal) return name as NodeJS.Signals;
  return undefined;
};
