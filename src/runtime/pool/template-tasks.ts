import { readFileSync } from 'node:fs';
import type { TaskSpec } from '../../core/pool/task.ts';
import { ProcctlError } from '../../errors.ts';
import { BlockSplitter } from '../../protocol/arguments/block-splitter.ts';
import { execLimit, MAX_WORD_BYTES, roomForArguments } from '../../protocol/arguments/exec-room.ts';
import { CountPacker, FittingPacker, type Packer } from '../../protocol/arguments/packer.ts';
import type { ArgumentSource } from '../../protocol/arguments/sections.ts';
import type { Row } from '../../protocol/template/row.ts';
import { type InputShape, TaskTemplate, type TemplateText } from '../../protocol/template/task-template.ts';
import { type ArgumentOptions, argumentRows, openArguments } from './argument-values.ts';
import { jsonRows, tableRows } from './record-rows.ts';

/** How many inputs a command gets: a number, or as many as fit. */
export type Packing =
  | { readonly kind: 'count'; readonly maxArgs: number }
  | {
      readonly kind: 'fit';
      /** Of a whole command, in bytes; absent: what the system takes. */
      readonly maxChars?: number;
      /** Among which the last inputs are shared out. */
      readonly slots: number;
    };

/** What the inputs are. */
export type InputForm =
  | { readonly kind: 'values'; readonly groups: readonly (readonly ArgumentSource[])[] }
  | { readonly kind: 'table'; readonly delimiter: ',' | '\t'; readonly file: string }
  | { readonly kind: 'json'; readonly file: string }
  /** Standard input is cut into blocks, and each is the input of a task. */
  | { readonly kind: 'blocks'; readonly separator: Uint8Array; readonly maxBytes: number; readonly maxRecords: number };

export interface TemplateSource extends ArgumentOptions {
  readonly text: TemplateText;
  readonly form: InputForm;
  readonly packing: Packing;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Tasks in a batch at most: the first ones start while the others are made. */
const BATCH = 256;

/**
 * Tasks from a template, in batches as their inputs become known.
 *
 * @throws ProcctlError ERR_USAGE, before anything is read, for a template that cannot be fulfilled; when names are in the
 *   input itself, this comes with the first batch. The batches end in ERR_INPUT when the input is bad.
 */
export const templateTasks = (source: TemplateSource): AsyncGenerator<readonly TaskSpec[]> => {
  const { form } = source;
  switch (form.kind) {
    case 'values': {
      const columns = form.groups.reduce((sum, group) => sum + group.length, 0);
      const template = templateOf(source, { columns: Math.max(1, columns) });
      return tasksOfRows(source, template, argumentRows(form.groups, source));
    }
    case 'json':
      return tasksOfRows(source, templateOf(source, { columns: 1, names: 'any' }), jsonRows(form.file, source));
    case 'table':
      return tasksOfTable(source, form);
    case 'blocks':
      return tasksOfBlocks(source, new TaskTemplate(source.text, { columns: null, maxArgs: 1 }), form);
    default:
      return form satisfies never;
  }
};

const templateOf = ({ text, packing }: TemplateSource, shape: Omit<InputShape, 'maxArgs'>): TaskTemplate =>
  new TaskTemplate(text, { ...shape, maxArgs: packing.kind === 'count' ? packing.maxArgs : Number.POSITIVE_INFINITY });

/** Numbers tasks and gives them out in batches. */
class TaskMaker {
  readonly #template: TaskTemplate;
  readonly #packer: Packer<Row>;
  #seq = 0;

  constructor(source: TemplateSource, template: TaskTemplate) {
    this.#template = template;
    this.#packer = packerOf(source, template);
  }

  /** What was whole before a mistake is given first. */
  *add(rows: readonly Row[]): Generator<readonly TaskSpec[]> {
    yield* this.#batches(rows.values(), (row) => this.#packer.push(row));
  }

  *end(): Generator<readonly TaskSpec[]> {
    yield* this.#batches([undefined].values(), () => this.#packer.end());
  }

  *#batches<T>(items: Iterable<T>, packsOf: (item: T) => readonly (readonly Row[])[]): Generator<readonly TaskSpec[]> {
    let batch: TaskSpec[] = [];
    let mistake: { readonly error: unknown } | undefined;
    try {
      for (const item of items) {
        for (const pack of packsOf(item)) {
          batch.push(this.#template.make(this.#seq + 1, pack));
          this.#seq += 1;
        }
        if (batch.length < BATCH) continue;
        yield batch;
        batch = [];
      }
    } catch (error) {
      mistake = { error };
    }
    if (batch.length > 0) yield batch;
    if (mistake !== undefined) throw mistake.error;
  }
}

const packerOf = (source: TemplateSource, template: TaskTemplate): Packer<Row> => {
  const { packing } = source;
  if (packing.kind === 'count') return new CountPacker(packing.maxArgs);
  const { maxChars = Number.POSITIVE_INFINITY, slots } = packing;
  const bare = template.sizes([]);
  const room = roomForArguments(execLimit(readFileSync('/proc/self/limits', 'latin1')), source.env);
  const limits = [MAX_WORD_BYTES - bare.longest, room - bare.exec, maxChars - bare.chars];
  const growth = template.growth();
  return new FittingPacker(limits, slots, (row) => {
    const { longest, exec, chars } = growth.of(row);
    if (bare.chars + chars > maxChars) checkChars(template.sizes([row]).chars, maxChars);
    return [longest, exec, chars];
  });
};

const checkChars = (chars: number, maxChars: number): void => {
  if (chars <= maxChars) return;
  throw new ProcctlError('ERR_INPUT', `a command with one input has ${chars} bytes, more than --max-chars`);
};

async function* tasksOfRows(
  source: TemplateSource,
  template: TaskTemplate,
  batches: AsyncIterable<readonly Row[]>,
): AsyncGenerator<readonly TaskSpec[]> {
  const maker = new TaskMaker(source, template);
  for await (const rows of batches) yield* maker.add(rows);
  if (!source.signal?.aborted) yield* maker.end();
}

async function* tasksOfTable(
  source: TemplateSource,
  { file, delimiter }: Extract<InputForm, { kind: 'table' }>,
): AsyncGenerator<readonly TaskSpec[]> {
  let maker: TaskMaker | undefined;
  for await (const { names, rows } of tableRows(file, delimiter, source)) {
    maker ??= new TaskMaker(source, templateOf(source, { columns: names.length, names }));
    yield* maker.add(rows);
  }
  if (maker !== undefined && !source.signal?.aborted) yield* maker.end();
}

/** A batch is one task: no more blocks are held than are needed. */
async function* tasksOfBlocks(
  source: TemplateSource,
  template: TaskTemplate,
  rules: Extract<InputForm, { kind: 'blocks' }>,
): AsyncGenerator<readonly TaskSpec[]> {
  const input = await openArguments('-', source);
  const splitter = new BlockSplitter(rules);
  let seq = 0;
  const taskOf = (block: Uint8Array): readonly TaskSpec[] => {
    seq += 1;
    return [template.make(seq, [], block)];
  };
  try {
    for await (const chunk of input.chunks()) for (const block of splitter.push(chunk)) yield taskOf(block);
    if (!source.signal?.aborted) for (const block of splitter.end()) yield taskOf(block);
  } finally {
    input.close();
  }
}
