// Names of processes: what people type after `stop`, see in tables, and put into scripts. So a name is one shell word
// without quotes, cannot be taken for an id, an option, a pattern, a path or `all`, and shows what it is on a terminal.

import { ProcctlError } from '../../errors.ts';
import { printable } from '../printable.ts';

/** In characters (code points). */
export const MAX_NAME_CHARS = 64;

/** Default names are shorter, so that `-2` and the numbers of instances fit behind them. */
const MAX_DEFAULT_NAME_CHARS = 48;

const FALLBACK = 'process';

const RULE =
  '1 to 64 characters; no blanks, no control or invisible characters, none of / \\ * ? [ ] { } , \' " ` | & ; < > $ ( );' +
  ' not "all", no number, and no - or . at the beginning';

const SPECIAL = /[/\\*?[\]{},'"`|&;<>$()]/u;

/** Joiners, variation selectors and tags: emoji and several scripts need them, behind a character that is seen. */
const COMPANION = /\p{Join_Control}|\p{Variation_Selector}|[\u{e0020}-\u{e007f}]/u;

const INVISIBLE = /\p{Default_Ignorable_Code_Point}/u;

const isBlank = (character: string): boolean => /[\s\p{Z}]/u.test(character);

const isHidden = (character: string): boolean =>
  printable(character) !== character || (INVISIBLE.test(character) && !COMPANION.test(character));

const mayBeIn = (character: string): boolean => !isBlank(character) && !isHidden(character) && !SPECIAL.test(character);

/** A mark or a joiner has nothing to stand on at the beginning. */
const mayBegin = (character: string): boolean =>
  !/[-.\p{M}]/u.test(character) && !COMPANION.test(character) && mayBeIn(character);

/** What is wrong with a name, as the end of a sentence; undefined when nothing is. */
const problemOf = (name: string): string | undefined => {
  if (name === '') return 'is empty';
  // Counted only when it may be short enough: a code point has at most two units.
  if (name.length > 2 * MAX_NAME_CHARS || [...name].length > MAX_NAME_CHARS) {
    return `has more than ${MAX_NAME_CHARS} characters`;
  }
  for (const character of name) {
    if (isHidden(character)) return 'holds a control or invisible character';
    if (isBlank(character)) return 'holds a blank';
    if (SPECIAL.test(character)) return `holds ${character}`;
  }
  const first = String.fromCodePoint(name.codePointAt(0) as number);
  if (first === '-' || first === '.') return `begins with ${first}`;
  if (!mayBegin(first)) return 'begins with a mark that belongs behind a letter';
  if (/^\d+$/.test(name)) return 'is a number, as ids are';
  return name === 'all' ? 'means every process' : undefined;
};

const shown = (text: string): string => {
  const characters = [...text.slice(0, 2 * MAX_NAME_CHARS + 2)];
  const head = characters.slice(0, MAX_NAME_CHARS).join('');
  return `"${printable(head)}${head.length < text.length ? '…' : ''}"`;
};

const badName = (name: string, problem: string): ProcctlError =>
  new ProcctlError('ERR_NAME', `the name ${shown(name)} ${problem}`, { hint: `a name has ${RULE}` });

/**
 * Checks a name that somebody chose.
 *
 * @returns the name in Unicode's normal form NFC, so that what looks the same is the same
 * @throws ProcctlError ERR_NAME when it breaks the rule, which is the hint
 */
export const parseProcessName = (text: string): string => {
  // A hostile text of megabytes is not normalised first; NFC makes at most three times as many units.
  const name = text.length > 4 * MAX_NAME_CHARS ? text : text.normalize('NFC');
  const problem = problemOf(name);
  if (problem !== undefined) throw badName(name, problem);
  return name;
};

const firstChars = (text: string, max: number): string => [...text].slice(0, max).join('');

/**
 * A valid name made of the path of a script or a program: its base name without extension (`.js`; but `python3.11`
 * stays), with `-` in the place of what a name may not hold.
 */
export const defaultNameOf = (scriptOrProgram: string): string => {
  const base = scriptOrProgram.replace(/\/+$/, '').split('/').at(-1) ?? '';
  const stem = base.replace(/(?<=.)\.[A-Za-z][A-Za-z0-9]*$/u, '').slice(0, 1024);
  const characters = [...stem.normalize('NFC')].map((character) => (mayBeIn(character) ? character : '-'));
  const begin = characters.findIndex((character) => mayBegin(character));
  const clean = begin === -1 ? '' : characters.slice(begin).join('').replace(/-{2,}/g, '-');
  const name = firstChars(clean.normalize('NFC'), MAX_DEFAULT_NAME_CHARS).replace(/-+$/, '');
  if (name === '') return FALLBACK;
  return problemOf(name) === undefined ? name : firstChars(`${FALLBACK}-${name}`, MAX_DEFAULT_NAME_CHARS);
};

/** `base` if it is free, else `base-2`, `base-3` …; a long base is cut so that the number fits. */
export const uniqueName = (base: string, taken: ReadonlySet<string>): string => {
  if (!taken.has(base)) return base;
  for (let number = 2; ; number += 1) {
    const suffix = `-${number}`;
    const name = `${firstChars(base, MAX_NAME_CHARS - suffix.length)}${suffix}`;
    if (!taken.has(name)) return name;
  }
};

/** The name of one of several instances. */
export const instanceName = (base: string, instance: number): string => `${base}-${instance}`;

/**
 * `base-1` … `base-N`, for `--instances N`.
 *
 * @throws ProcctlError ERR_NAME when the last of them would be longer than a name may be
 */
export const instanceNames = (base: string, count: number): string[] => {
  if ([...`${base}-${count}`].length > MAX_NAME_CHARS) {
    throw badName(base, `is too long to be numbered up to ${count}`);
  }
  return Array.from({ length: count }, (_, index) => instanceName(base, index + 1));
};
