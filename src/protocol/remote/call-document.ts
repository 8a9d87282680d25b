import type { FunctionCall, FunctionCommand } from '../../core/pool/task.ts';
import { show } from '../show.ts';
import { BadJob } from './bad-job.ts';

/** A call of the library as a job has it: in place of a task. */
export interface CallDocument {
  /** An absolute path or a URL; or else there is `source`. */
  readonly module?: string;
  /** `default` when it is left out. */
  readonly export?: string;
  /** The text of a function that uses nothing but its arguments and globals. */
  readonly source?: string;
  /** Of that function. */
  readonly name?: string;
  /** `single` when it is left out. */
  readonly kind?: FunctionCall['kind'];
  readonly args?: readonly unknown[];
  /** In place of `args`: base64 of them in the format of values. */
  readonly value?: string;
  /** ms */
  readonly timeout?: number;
}

const KINDS: readonly unknown[] = ['single', 'map', 'starmap', 'each'] satisfies FunctionCall['kind'][];

/** @param timeoutMs 0: none */
export const callDocument = (command: FunctionCommand, call: FunctionCall, timeoutMs: number): CallDocument => {
  const { module, exportName, args } = command;
  const { kind, source, value } = call;
  return {
    ...(source === undefined ? { module, export: exportName } : { source, name: exportName }),
    ...(kind !== 'single' && { kind }),
    ...(value === undefined ? { args } : { value: Buffer.from(value).toString('base64') }),
    ...(timeoutMs > 0 && { timeout: timeoutMs }),
  };
};

const textIn = (document: Readonly<Record<string, unknown>>, key: keyof CallDocument): string | undefined => {
  const value = document[key];
  if (value === undefined || typeof value === 'string') return value;
  throw new BadJob(`call.${key}: expected a string, got ${show(value)}`);
};

/**
 * @returns what is called, and its time limit, ms; 0: none
 * @throws BadJob
 */
export const readCall = (document: unknown): { readonly command: FunctionCommand; readonly timeoutMs: number } => {
  if (typeof document !== 'object' || document === null) {
    throw new BadJob(`call: expected an object, got ${show(document)}`);
  }
  const fields = document as Readonly<Record<string, unknown>>;
  const { kind = 'single', args = [], timeout = 0 } = fields;
  const module = textIn(fields, 'module');
  const source = textIn(fields, 'source');
  const value = textIn(fields, 'value');
  if ((module === undefined) === (source === undefined)) throw new BadJob('call: expected a module or a source');
  if (!KINDS.includes(kind)) throw new BadJob(`call.kind: expected one of ${KINDS.join(', ')}, got ${show(kind)}`);
  if (!Array.isArray(args)) throw new BadJob(`call.args: expected an array of arguments, got ${show(args)}`);
  if (!Number.isFinite(timeout) || (timeout as number) < 0) {
    throw new BadJob(`call.timeout: expected milliseconds, got ${show(timeout)}`);
  }
  const exportName = source === undefined ? (textIn(fields, 'export') ?? 'default') : (textIn(fields, 'name') ?? '');
  const command: FunctionCommand = {
    kind: 'function',
    module: module ?? '',
    exportName,
    args: value === undefined ? args : [],
    call: {
      kind: kind as FunctionCall['kind'],
      ...(source !== undefined && { source }),
      ...(value !== undefined && { value: Buffer.from(value, 'base64') }),
    },
  };
  return { command, timeoutMs: timeout as number };
};
