import { createReadStream } from 'node:fs';
import { basename } from 'node:path/posix';
import type { Readable } from 'node:stream';
import { parseSections, withFiles } from '../../../protocol/arguments/sections.ts';
import { openArguments } from '../../../runtime/pool/argument-values.ts';
import { openTasks } from '../../../runtime/pool/task-source.ts';
import type { BatchInput } from '../../../runtime/supervise/batch-input.ts';
import type { PoolFlags } from '../flags.ts';
import type { PoolInput } from '../pool-input.ts';
import { openTaskInput } from '../task-input.ts';
import { templateRequest } from '../template-form.ts';

/** The input of a batch, as it is in the home. */
export interface StagedInput {
  /** As it was typed, but with the copies in the place of files. */
  readonly input: PoolInput;
  /** The copy of standard input; null: it is not read. */
  readonly stdin: string | null;
  /** Of the copies of files, what they are copies of. */
  readonly names: ReadonlyMap<string, string>;
}

/** What an input is read from, each once: files, and `-` for standard input. */
const sourcesOf = (input: PoolInput): readonly string[] => {
  if (input.kind === 'file') return [input.file];
  const sources = parseSections(input.words).groups.flat();
  if (sources.length === 0) return ['-'];
  return [...new Set(sources.flatMap((source) => (source.kind === 'file' ? [source.file] : [])))];
};

const lastPart = (file: string): string => (file === '-' ? 'stdin' : basename(file));

/**
 * Copies what the tasks are made of.
 *
 * @throws ProcctlError as the pool in the foreground does, for what cannot be read; ERR_DISK
 */
export const stage = async (input: PoolInput, flags: PoolFlags, batch: BatchInput): Promise<StagedInput> => {
  // Words that make no sense are told before anything is read.
  if (input.kind === 'template') templateRequest(input.words, flags);
  const open = input.kind === 'file' ? openTasks : openArguments;
  const copies = new Map<string, string>();
  for (const file of sourcesOf(input)) {
    const opened = await open(file, { stdin: () => process.stdin });
    copies.set(file, await batch.add(opened.chunks(), lastPart(file)));
  }
  const stdin = copies.get('-') ?? null;
  copies.delete('-');
  const fileOf = (file: string): string => copies.get(file) ?? file;
  return {
    input:
      input.kind === 'file'
        ? { kind: 'file', file: fileOf(input.file) }
        : { kind: 'template', words: withFiles(input.words, fileOf) },
    stdin,
    names: new Map([...copies].map(([file, copy]) => [copy, file])),
  };
};

/**
 * Reads the copies to their end, so that what is wrong is told now.
 *
 * @throws ProcctlError as the pool in the foreground does
 */
export const check = async ({ input, stdin, names }: StagedInput, flags: PoolFlags): Promise<void> => {
  const reading = {
    stdin: (): Readable => (stdin === null ? process.stdin : createReadStream(stdin)),
    signal: new AbortController().signal,
    names,
  };
  const { tasks } = await openTaskInput(input, { ...flags, shuffle: false }, reading);
  for await (const _ of tasks) {
    // Made only to be checked.
  }
};
