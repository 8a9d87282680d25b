import type { Need, TaskSpec } from '../core/pool/task.ts';
import { nameOfCommand } from './command-name.ts';
import { show } from './show.ts';
import { findCycle, resolveNeeds, unknownIn } from './task-needs.ts';
import {
  type Checked,
  checkTask,
  OF_PROGRAMS_ONLY,
  sharedWorkerProblem,
  type TaskDefaults,
  type TaskInput,
} from './task-schema.ts';

/**
 * Says in a message which task holds an id already.
 * `line` is the line it was written on; absent: the task has its id from its position and its line was not kept.
 */
export type PlaceOf = (seq: number, line?: number) => string;

/**
 * Turns written tasks into complete ones, in order: defaults filled in, every id unique.
 * Only ids that the input gives are remembered, so that an endless stream without ids needs no memory.
 */
export class TaskList {
  #length = 0;
  readonly #defaults: TaskDefaults;
  readonly #placeOf: PlaceOf;
  readonly #given = new Map<string, { readonly seq: number; readonly line: number | undefined }>();
  readonly #seqsWithId = new Set<number>();
  readonly #mayNeedLater: boolean;
  /** Needs that may name later tasks, by place: looked up by `connect`. */
  readonly #written = new Map<number, readonly string[]>();

  /** @param mayNeedLater a task may need later ones too, as in a document that is read as a whole: call `connect` then */
  constructor(placeOf: PlaceOf, defaults: TaskDefaults = {}, mayNeedLater = false) {
    this.#placeOf = placeOf;
    this.#mayNeedLater = mayNeedLater;
    this.#defaults = defaults;
  }

  /** The next task, complete; or what is wrong with it, and then the list is as before. */
  add(value: unknown, line?: number): Checked<TaskSpec> {
    const checked = checkTask(value);
    if ('problem' in checked) return checked;
    const unfit = this.#unfitDefault(checked.value);
    if (unfit !== undefined) return { problem: { path: ['module'], message: unfit } };
    const seq = this.#length + 1;
    const { id } = checked.value;
    const holder = this.#holderOf(id ?? String(seq));
    if (holder !== undefined) {
      const message = `${show(id ?? String(seq))} is already the id of ${holder}`;
      return {
        problem: id === undefined ? { path: [], message: `its default id ${message}` } : { path: ['id'], message },
      };
    }
    const needs = this.#needsOf(checked.value, seq);
    if ('problem' in needs) return needs;
    this.#length = seq;
    if (id !== undefined) {
      this.#given.set(id, { seq, line });
      this.#seqsWithId.add(seq);
    }
    return { value: this.#complete(checked.value, seq, needs.value) };
  }

  /**
   * Looks up the needs of all tasks, once all have been added.
   *
   * @param tasks what `add` has given
   * @returns the same with their needs; or the first that names no task, or a circle, with the index of its task in the path
   */
  connect(tasks: readonly TaskSpec[]): Checked<readonly TaskSpec[]> {
    if (this.#written.size === 0) return { value: tasks };
    const unknown = unknownIn(tasks);
    const connected = [...tasks];
    for (const [seq, ids] of this.#written) {
      const needs = resolveNeeds(ids, seq, (id) => this.#seqOf(id), unknown);
      if ('problem' in needs) return { problem: { ...needs.problem, path: [seq - 1, ...needs.problem.path] } };
      connected[seq - 1] = { ...(tasks[seq - 1] as TaskSpec), needs: needs.value };
    }
    const problem = findCycle(connected);
    return problem === undefined ? { value: connected } : { problem };
  }

  /** Empty where there are none, or where they are looked up later. */
  #needsOf({ id, needs = [] }: TaskInput, seq: number): Checked<readonly Need[]> {
    if (needs.length === 0) return { value: [] };
    if (this.#mayNeedLater) {
      this.#written.set(seq, needs);
      return { value: [] };
    }
    const seqOf = (needed: string): number | undefined => (needed === (id ?? String(seq)) ? seq : this.#seqOf(needed));
    const unknown = (needed: string): string => `no earlier task has the id ${show(needed)}`;
    return resolveNeeds(needs, seq, seqOf, unknown);
  }

  /** A default that holds for every task, and that this one cannot have. */
  #unfitDefault({ command }: TaskInput): string | undefined {
    if (command.kind !== 'function') return undefined;
    const key = OF_PROGRAMS_ONLY.find((name) => this.#defaults[name] !== undefined);
    return key === undefined ? undefined : sharedWorkerProblem(key, ' of the defaults');
  }

  #holderOf(id: string): string | undefined {
    const seq = this.#seqOf(id);
    return seq === undefined ? undefined : this.#placeOf(seq, this.#given.get(id)?.line);
  }

  #seqOf(id: string): number | undefined {
    const given = this.#given.get(id);
    if (given !== undefined) return given.seq;
    const seq = /^[1-9]\d{0,15}$/.test(id) ? Number(id) : 0;
    return seq >= 1 && seq <= this.#length && !this.#seqsWithId.has(seq) ? seq : undefined;
  }

  #complete(task: TaskInput, seq: number, needs: readonly Need[]): TaskSpec {
    const { cwd, env, stdin, timeout, retries, retryDelay, priority } = this.#defaults;
    const merged = {
      cwd: task.cwd ?? cwd,
      env: task.env === undefined || env === undefined ? (task.env ?? env) : mergeEnv(env, task.env),
      stdin: task.stdin ?? stdin,
      timeoutMs: task.timeout ?? timeout,
      retries: task.retries ?? retries,
      retryDelay: task.retryDelay ?? retryDelay,
      priority: task.priority ?? priority,
    };
    return {
      seq,
      id: task.id ?? String(seq),
      name: task.name ?? nameOfCommand(task.command),
      command: task.command,
      ...(merged.cwd === undefined ? undefined : { cwd: merged.cwd }),
      ...(merged.env === undefined ? undefined : { env: merged.env }),
      ...(merged.stdin === undefined ? undefined : { stdin: merged.stdin }),
      ...(merged.timeoutMs === undefined ? undefined : { timeoutMs: merged.timeoutMs }),
      ...(merged.retries === undefined ? undefined : { retries: merged.retries }),
      ...(merged.retryDelay === undefined ? undefined : { retryDelay: merged.retryDelay }),
      ...(merged.priority === undefined ? undefined : { priority: merged.priority }),
      ...(needs.length === 0 ? undefined : { needs }),
    };
  }
}

type Env = Readonly<Record<string, string | null>>;

/** Without a prototype, so that a variable named `__proto__` is one like any other. */
const mergeEnv = (under: Env, over: Env): Env => Object.assign(Object.create(null), under, over);
