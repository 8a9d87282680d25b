import { ProcctlError } from '../../errors.ts';
import { findJsonError } from '../json-error.ts';
import { cut, show, showFile } from '../show.ts';
import type { Row } from '../template/row.ts';

/** Surrogates that are no character and stand for no byte: nothing that a program could be given. */
const LOST = /[\ud800-\udc7f\udd00-\udfff]/gu;

const textOf = (value: unknown): string =>
  (typeof value === 'string' ? value : JSON.stringify(value)).replace(LOST, '\ufffd');

const keysOf = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return `which is no object but ${show(value)}`;
  const keys = Object.keys(value);
  const list = show(
    keys
      .slice(0, 12)
      .map((key) => cut(key, 40))
      .join(', '),
  ).slice(1, -1);
  return keys.length === 0 ? 'which is empty' : `which has ${list}${keys.length > 12 ? ', …' : ''}`;
};

/** A whole key first, since keys may have dots in them; then the way down, key by key. */
const lookUp = (whole: unknown, name: string): { readonly value: unknown } | { readonly lacking: unknown } => {
  // What the JSON has, and not what JavaScript adds to it: the `length` of an array cannot be enumerated.
  const has = (value: unknown, key: string): value is Readonly<Record<string, unknown>> =>
    typeof value === 'object' && value !== null && Object.prototype.propertyIsEnumerable.call(value, key);
  if (has(whole, name)) return { value: whole[name] };
  let value = whole;
  for (const key of name.split('.')) {
    if (!has(value, key)) return { lacking: value };
    value = value[key];
  }
  return { value };
};

/**
 * A line of JSON as a row: `{}` is the line as it stands, `{a.b}` what is found on that way, strings as they are and all
 * else as JSON.
 *
 * @param file its name, for messages, as is the number of the line
 * @throws ProcctlError ERR_INPUT when the line is no JSON
 */
export const jsonRow = (text: string, file: string, line: number): Row => {
  const place = `${showFile(file)}:${line}`;
  let whole: unknown;
  try {
    whole = JSON.parse(text);
  } catch (cause) {
    const message = findJsonError(text)?.message ?? (cause as Error).message;
    throw new ProcctlError('ERR_INPUT', `${place}: not JSON: ${message}`, {
      hint: '--json-lines takes one value a line',
      cause,
    });
  }
  return {
    values: [text],
    named: (name) => {
      const found = lookUp(whole, name);
      if ('value' in found) return textOf(found.value);
      throw new ProcctlError(
        'ERR_INPUT',
        `${place}: there is no ${show(name)} in this value, ${keysOf(found.lacking)}`,
      );
    },
  };
};
