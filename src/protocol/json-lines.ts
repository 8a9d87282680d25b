/** What JSON allows and terminals obey: DEL and the control characters after ASCII. */
const RAW_CONTROLS = /[\x7f-\x9f]/g;

/** A value as JSON in one line, in which nothing can drive a terminal; it reads back as it was. */
export const jsonLine = (value: unknown): string =>
  JSON.stringify(value).replace(RAW_CONTROLS, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);

/** An array as one JSON document with a line for each item, so that `diff` and `grep` see items. */
export const jsonArray = (items: readonly unknown[]): string =>
  items.length === 0 ? '[]\n' : `[\n${items.map(jsonLine).join(',\n')}\n]\n`;
