import { ProcctlError } from '../../errors.ts';
import { parseSections, type Sections } from '../../protocol/arguments/sections.ts';
import { encodeBytes } from '../../protocol/bytes.ts';
import type { TemplateText } from '../../protocol/template/task-template.ts';
import type { InputForm, Packing } from '../../runtime/pool/template-tasks.ts';
import type { PoolFlags } from './flags.ts';

const DEFAULT_BLOCK_BYTES = 2 ** 20;

const usage = (message: string, hint?: string): ProcctlError =>
  new ProcctlError('ERR_USAGE', message, hint === undefined ? {} : { hint });

/** Options that exclude each other; of each group at most one. */
const checkPairs = (flags: PoolFlags): void => {
  const given = (pairs: readonly (readonly [unknown, string])[]): string[] =>
    pairs.filter(([value]) => value !== false && value !== null).map(([, name]) => name);
  const exclusive = (...pairs: readonly (readonly [unknown, string])[]): void => {
    const [first, second] = given(pairs);
    if (second !== undefined) throw usage(`${first} and ${second} do not go together`, 'leave one of them out');
  };
  const { csv, tsv, jsonLines, pipe, maxArgs, pack, replace } = flags;
  exclusive([csv, '--csv'], [tsv, '--tsv'], [jsonLines, '--json-lines'], [pipe, '--pipe'], [flags.null, '--null']);
  exclusive([maxArgs, '-n'], [pack, '-X']);
  exclusive([pipe, '--pipe'], [pack, '-X']);
  exclusive([pipe, '--pipe'], [replace, '-I']);
  exclusive([pipe, '--pipe'], [flags.shuffle, '--shuffle']);
  if (flags.maxChars !== null && !pack) throw usage('--max-chars is for -X', 'add -X, or leave it out');
  if (!pipe && flags.block !== null) throw usage('--block is for --pipe', 'add --pipe, or leave it out');
  if (!pipe && flags.recordSep !== null) throw usage('--record-sep is for --pipe', 'add --pipe, or leave it out');
};

const checkTemplate = ({ template }: Sections, flags: PoolFlags): void => {
  const words = template.length;
  if (flags.shell && words > 1)
    throw usage(`--shell takes one word, the whole line, got ${words}`, 'put the line in quotes');
  if (words > 0) return;
  if (!flags.shell) {
    throw usage('there is no command behind --', 'with --shell each argument is itself a line for the shell');
  }
  const unfit = [
    [flags.csv, '--csv'],
    [flags.tsv, '--tsv'],
    [flags.jsonLines, '--json-lines'],
    [flags.pipe, '--pipe'],
    [flags.pack, '-X'],
    [flags.maxArgs !== null, '-n'],
    [flags.replace !== null, '-I'],
  ].find(([isGiven]) => isGiven);
  if (unfit !== undefined) throw usage(`${unfit[1]} needs a template behind --`);
};

/** The one file of a table, of JSON or of blocks. */
const onlyFile = (groups: Sections['groups'], option: string): string => {
  const sources = groups.flat();
  const [first, second] = sources;
  if (first === undefined) return '-';
  if (second !== undefined) throw usage(`${option} takes one source, got ${sources.length}`);
  if (first.kind === 'words') throw usage(`${option} reads standard input, or a file behind ::::, and no :::`);
  return first.file;
};

const formOf = ({ groups }: Sections, flags: PoolFlags): InputForm => {
  if (flags.csv) return { kind: 'table', delimiter: ',', file: onlyFile(groups, '--csv') };
  if (flags.tsv) return { kind: 'table', delimiter: '\t', file: onlyFile(groups, '--tsv') };
  if (flags.jsonLines) return { kind: 'json', file: onlyFile(groups, '--json-lines') };
  if (!flags.pipe) return { kind: 'values', groups };
  if (groups.length > 0) throw usage('--pipe reads standard input, and takes no ::: or ::::');
  return {
    kind: 'blocks',
    separator: encodeBytes(flags.recordSep ?? '\n'),
    maxBytes: flags.block ?? DEFAULT_BLOCK_BYTES,
    maxRecords: flags.maxArgs ?? Number.POSITIVE_INFINITY,
  };
};

const packingOf = (flags: PoolFlags): Packing => {
  if (!flags.pack) return { kind: 'count', maxArgs: flags.pipe ? 1 : (flags.maxArgs ?? 1) };
  const { maxChars, size } = flags;
  return { kind: 'fit', slots: size.size, ...(maxChars === null ? undefined : { maxChars }) };
};

/** What a template and the options beside it ask for. */
export interface TemplateRequest {
  readonly text: TemplateText;
  readonly form: InputForm;
  readonly packing: Packing;
  readonly isNullEnded: boolean;
}

/**
 * @param words behind `--`
 * @throws ProcctlError ERR_USAGE for words and options that make no sense together
 */
export const templateRequest = (words: readonly string[], flags: PoolFlags): TemplateRequest => {
  checkPairs(flags);
  const sections = parseSections(words);
  checkTemplate(sections, flags);
  const text: TemplateText = {
    words: sections.template,
    isShell: flags.shell,
    replacement: flags.replace ?? '{}',
    env: flags.env,
    cwd: flags.cwd ?? undefined,
    name: flags.taskName ?? undefined,
  };
  return { text, form: formOf(sections, flags), packing: packingOf(flags), isNullEnded: flags.null };
};
