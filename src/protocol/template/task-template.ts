import type { ProgramCommand, TaskSpec } from '../../core/pool/task.ts';
import { printable } from '../../core/printable.ts';
import { ProcctlError } from '../../errors.ts';
import { byteLength, execBytes } from '../arguments/exec-room.ts';
import { nameOfCommand } from '../command-name.ts';
import type { EnvAssignment } from '../env-option.ts';
import { cut } from '../show.ts';
import { expandText, expandWord, type Pack } from './expand.ts';
import { parseTemplate, type TemplateNames } from './parse-template.ts';
import { isArgument, isPlaceholder, type Part, type Placeholder } from './parts.ts';
import type { Row } from './row.ts';
import { type CommandSizes, type GrowingParts, RowGrowth } from './row-growth.ts';
import { checkArgumentsBehind, ShellLine } from './shell-line.ts';

/** What the user has written: a template, before the names of its columns are known. */
export interface TemplateText {
  /** Words of a command; with `isShell` at most one: a line, or none: each input is a line itself. */
  readonly words: readonly string[];
  readonly isShell: boolean;
  readonly replacement: string;
  readonly env: readonly EnvAssignment[];
  readonly cwd?: string | undefined;
  /** Of the names of the tasks; absent: their arguments. */
  readonly name?: string | undefined;
}

/** What the inputs are like. */
export interface InputShape {
  readonly names?: readonly string[] | 'any';
  /** Values of each input; null where the tasks have no arguments. */
  readonly columns: number | null;
  /** At most this many inputs in a command. */
  readonly maxArgs: number;
}

const MAX_NAME_CHARS = 80;

/** A task's number with more digits than most have: sizes are those of its command. */
const LATE = 999_999;

const usage = (message: string, hint?: string): ProcctlError =>
  new ProcctlError('ERR_USAGE', message, hint === undefined ? {} : { hint });

type Expand = (pack: Pack) => ProgramCommand;

type Argv = [string, ...string[]];

/** Makes tasks of inputs. */
export class TaskTemplate {
  readonly isTable: boolean;
  readonly isPacked: boolean;
  readonly #shape: InputShape;
  readonly #names: TemplateNames;
  readonly #all: Placeholder;
  readonly #expand: Expand;
  readonly #growing: Omit<GrowingParts, 'variables'>;
  readonly #env: readonly { readonly name: string; readonly value: readonly Part[] }[];
  readonly #cwd: readonly Part[] | undefined;
  readonly #name: readonly Part[] | undefined;
  readonly #usesSlot: boolean;
  /** Each input is a line for the shell. */
  readonly #hasNoCommand: boolean;

  /** @throws ProcctlError ERR_USAGE for a replacement string that no input can fulfil, or that cannot be quoted */
  constructor(text: TemplateText, shape: InputShape) {
    this.#shape = shape;
    this.isTable = shape.names !== undefined || (shape.columns ?? 1) > 1;
    this.isPacked = shape.maxArgs > 1;
    this.#names = {
      replacement: text.replacement,
      ...(shape.names === undefined ? undefined : { names: shape.names }),
    };
    this.#all = { kind: 'all', operation: '', text: text.replacement };
    const seen: Part[] = [];
    const parse = (written: string, isShell = false): Part[] => {
      const parts = parseTemplate(written, { ...this.#names, isShell });
      for (const part of parts) this.#check(part);
      seen.push(...parts);
      return parts;
    };
    this.#env = text.env.map(({ name, value }) => ({ name, value: parse(value ?? '') }));
    this.#cwd = text.cwd === undefined ? undefined : parse(text.cwd);
    const words = text.words.map((word) => parse(word, text.isShell));
    // A directory or a variable made of an argument has used it.
    const isAppended = shape.columns !== null && !seen.some(isArgument) && !words.flat().some(isPlaceholder);
    this.#usesSlot = seen.some((part) => isPlaceholder(part) && part.kind === 'slot');
    this.#name = text.name === undefined ? undefined : parse(text.name);
    if (this.#name?.some((part) => isPlaceholder(part) && part.kind === 'slot')) {
      throw usage('{%} cannot stand in the name of a task', 'the slot is known only when the task starts');
    }
    this.#hasNoCommand = words.length === 0;
    const [line] = words;
    if (text.isShell) {
      const parts = line !== undefined && isAppended ? this.#appended(line) : line;
      this.#growing = { argv: [], line: parts ?? [] };
      this.#expand = this.#shellLine(parts);
    } else {
      const argv = isAppended ? [...words, [this.#all]] : words;
      this.#growing = { argv };
      this.#expand = (pack) => ({ kind: 'argv', argv: argv.flatMap((word) => expandWord(word, pack)) as Argv });
    }
  }

  /** The task of these inputs; `stdin` is what it reads. */
  make(seq: number, rows: readonly Row[], stdin?: Uint8Array): TaskSpec {
    const { isPacked, isTable } = this;
    const pack: Pack = { seq, rows, isPacked, isTable };
    const command = this.#expand(pack);
    checkCommand(command, seq);
    const env = this.#env.length === 0 ? undefined : this.#variables(pack);
    return {
      seq,
      id: String(seq),
      name: this.#nameOf(pack, command),
      command,
      ...(this.#cwd === undefined ? undefined : { cwd: this.#directory(pack, this.#cwd) }),
      ...(env === undefined ? undefined : { env }),
      ...(stdin === undefined ? undefined : { stdin }),
      ...(this.#usesSlot ? { usesSlot: true } : undefined),
    };
  }

  /** How large a command is with these inputs; without any, it is what every command has. */
  sizes(rows: readonly Row[]): CommandSizes {
    const pack: Pack = { seq: LATE, rows, isPacked: this.isPacked, isTable: this.isTable };
    const command = this.#expand(pack);
    const words: readonly string[] = command.kind === 'argv' ? command.argv : [command.line];
    const variables = Object.entries(this.#variables(pack)).map(([name, value]) => `${name}=${value}`);
    const growing = command.kind === 'shell' ? [...variables, ...words] : variables;
    return {
      longest: Math.max(0, ...growing.map(byteLength)),
      exec: execBytes(words) + execBytes(variables),
      chars: words.reduce((sum, word) => sum + byteLength(word) + 1, 0),
    };
  }

  /** Tells what each input adds to these sizes. */
  growth(): RowGrowth {
    const { isPacked, isTable } = this;
    const variables = this.#env.map(({ value }) => value);
    return new RowGrowth({ ...this.#growing, variables }, { seq: LATE, isPacked, isTable });
  }

  #check(part: Part): void {
    if (!isPlaceholder(part)) return;
    const { columns, maxArgs } = this.#shape;
    if (columns === null && isArgument(part)) {
      throw usage(
        `${part.text}: with --pipe a task has input and no arguments`,
        'only {#} and {%} have a meaning there',
      );
    }
    if (part.kind !== 'position') return;
    const most = this.isTable ? (columns ?? 0) : maxArgs;
    if (Math.abs(part.position) <= most) return;
    const why =
      this.isTable || !this.isPacked
        ? `an input has ${most === 1 ? 'one value' : `${most} values`}`
        : `a command has at most ${most} inputs`;
    throw usage(`${part.text}: ${why}`, `to have it as it stands, write {{}${part.text.slice(1)}`);
  }

  #shellLine(parts: readonly Part[] | undefined): Expand {
    if (parts === undefined) {
      return ({ rows }) => ({ kind: 'shell', line: rows.map(({ values }) => values.join(' ')).join(' ') });
    }
    const shellLine = new ShellLine(parts, this);
    return (pack) => ({ kind: 'shell', line: shellLine.expand(pack) });
  }

  #appended(line: readonly Part[]): Part[] {
    // Numbers of tasks and slots are no arguments; one letter has the same place in the line as any of them.
    const text = line.map((part) => (isPlaceholder(part) ? '0' : part)).join('');
    checkArgumentsBehind(text, this.#all.text);
    const last = line.at(-1);
    const trimmed = last === undefined || isPlaceholder(last) ? line : [...line.slice(0, -1), last.trimEnd()];
    return [...trimmed, ' ', this.#all];
  }

  #variables(pack: Pack): Record<string, string> {
    const variables: Record<string, string> = Object.create(null);
    for (const { name, value } of this.#env) variables[name] = expandText(value, pack);
    return variables;
  }

  #directory(pack: Pack, parts: readonly Part[]): string {
    const directory = expandText(parts, pack);
    if (directory !== '') return directory;
    throw new ProcctlError('ERR_INPUT', `task ${pack.seq}: its directory (--cwd) is empty`);
  }

  #nameOf(pack: Pack, command: ProgramCommand): string {
    if (this.#name !== undefined) return brief(expandText(this.#name, pack));
    if (this.#shape.columns === null) return `block ${pack.seq}`;
    if (this.#hasNoCommand) return nameOfCommand(command);
    return nameOfRows(pack.rows);
  }
}

/** @throws ProcctlError ERR_INPUT when there is nothing to run */
const checkCommand = (command: ProgramCommand, seq: number): void => {
  if (command.kind === 'argv' && (command.argv[0] ?? '') === '') {
    throw new ProcctlError('ERR_INPUT', `task ${seq}: the name of its program is empty`);
  }
};

const brief = (text: string): string => cut(printable(cut(text, MAX_NAME_CHARS + 1)), MAX_NAME_CHARS);

/** Arguments with blanks between them, as `parallel --tag` has them; no more of them than are shown. */
const nameOfRows = (rows: readonly Row[]): string => {
  let name = '';
  for (const { values } of rows) {
    for (const value of values) {
      name += `${name === '' ? '' : ' '}${cut(value, MAX_NAME_CHARS + 1)}`;
      if (name.length > MAX_NAME_CHARS) return brief(name);
    }
  }
  return brief(name);
};
