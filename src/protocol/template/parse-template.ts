import { ProcctlError } from '../../errors.ts';
import { cut, show } from '../show.ts';
import type { Part, Placeholder } from './parts.ts';
import type { PathOperation } from './path-operation.ts';

/** Which replacement strings a template may have. */
export interface TemplateNames {
  /** What stands for every value; `{}` unless the user wants another. */
  readonly replacement: string;
  /** Names of columns; `any` of JSON, where each line has its own; absent: only numbers. */
  readonly names?: readonly string[] | 'any';
  /** A line for the shell: what begins with `${` belongs to the shell. */
  readonly isShell?: boolean;
}

/** What could be meant for a name, and not for the braces of another language: `{print $1}`, `{a,b}`. */
const NAME_LIKE = /^[\p{L}\p{N}_@-]+(?:\.[\p{L}\p{N}_@-]+)*$/u;

const OPERATION = /^(.*?)(\/\/|\/\.|\/|\.)?$/s;

/** As many names as a line of message has room for. */
const MAX_NAMES_SHOWN = 12;

const listOf = (names: readonly string[]): string => {
  const shown = names.slice(0, MAX_NAMES_SHOWN).map((name) => cut(name, 40));
  return `${shown.join(', ')}${names.length > shown.length ? ', …' : ''}`;
};

const unknownColumn = (text: string, names: readonly string[]): ProcctlError =>
  new ProcctlError(
    'ERR_USAGE',
    `there is no column for ${show(text)}; the columns are ${show(listOf(names)).slice(1, -1)}`,
    {
      hint: `to have it as it stands, write {{}${text.slice(1)}`,
    },
  );

const namedOf = (content: string, text: string, { names }: TemplateNames): Placeholder | undefined => {
  if (names === undefined) return undefined;
  if (names !== 'any' && names.includes(content)) return { kind: 'name', name: content, operation: '', text };
  const [, name = '', operation = ''] = OPERATION.exec(content) ?? [];
  const isKnown = names === 'any' ? NAME_LIKE.test(name) : names.includes(name);
  if (isKnown && name !== '') return { kind: 'name', name, operation: operation as PathOperation, text };
  if (names !== 'any' && NAME_LIKE.test(name)) throw unknownColumn(text, names);
  return undefined;
};

const FIXED: ReadonlyMap<string, (text: string) => Placeholder> = new Map<string, (text: string) => Placeholder>([
  ['#', (text: string) => ({ kind: 'seq', text }) as const],
  ['%', (text: string) => ({ kind: 'slot', text }) as const],
  ...(['.', '/', '//', '/.'] as const).map(
    (operation) => [operation, (text: string) => ({ kind: 'all', operation, text }) as const] as const,
  ),
]);

const POSITION = /^(-?[1-9]\d{0,8})(\/\/|\/\.|\/|\.)?$/;

const placeholderOf = (text: string, template: TemplateNames): Placeholder | undefined => {
  if (text === template.replacement) return { kind: 'all', operation: '', text };
  const content = text.slice(1, -1);
  const fixed = FIXED.get(content);
  if (fixed !== undefined) return fixed(text);
  const [, position, operation = ''] = POSITION.exec(content) ?? [];
  if (position === undefined) return content === '' ? undefined : namedOf(content, text, template);
  return { kind: 'position', position: Number(position), operation: operation as PathOperation, text };
};

const escapeRegex = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/**
 * Finds the replacement strings in a word, or in a line for the shell. `{{}` stands for one `{`. What looks like none of
 * them is text.
 *
 * @returns the parts in their order; no text is empty
 * @throws ProcctlError ERR_USAGE for what looks like a name where names are known, and is none of them
 */
export const parseTemplate = (text: string, template: TemplateNames): Part[] => {
  const forms = [
    '\\{\\{\\}',
    ...(template.isShell ? ['\\$\\{'] : []),
    escapeRegex(template.replacement),
    '\\{[^{}]*\\}',
  ];
  const parts: Part[] = [];
  let literal = '';
  let from = 0;
  for (const match of text.matchAll(new RegExp(forms.join('|'), 'g'))) {
    const [found] = match;
    const placeholder =
      found === '{{}' || (found === '${' && template.isShell) ? undefined : placeholderOf(found, template);
    literal += text.slice(from, match.index);
    from = match.index + found.length;
    if (placeholder === undefined) {
      literal += found === '{{}' ? '{' : found;
      continue;
    }
    if (literal !== '') parts.push(literal);
    literal = '';
    parts.push(placeholder);
  }
  literal += text.slice(from);
  return literal === '' ? parts : [...parts, literal];
};
