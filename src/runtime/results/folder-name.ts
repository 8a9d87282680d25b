import { createHash } from 'node:crypto';
import { encodeBytes } from '../../protocol/bytes.ts';

/** What file systems allow in a name is 255 bytes. */
const MAX_BYTES = 255;
const KEPT_BYTES = 200;
const HASH_DIGITS = 32;

const SAFE = /^[A-Za-z0-9_][A-Za-z0-9_.,=+@-]*$/;

const isSafeByte = (byte: number, isFirst: boolean): boolean => {
  const character = String.fromCharCode(byte);
  return (isFirst ? /[A-Za-z0-9_]/ : /[A-Za-z0-9_.,=+@-]/).test(character);
};

const percentEncoded = (id: string): string =>
  [...encodeBytes(id)]
    .map((byte, index) =>
      isSafeByte(byte, index === 0)
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('');

/**
 * The folder of a task below that of `--results`: its id where that is a safe name, else with every other byte of its
 * UTF-8 as `%XX`, so that `decodeURIComponent` gives the id back. A name never begins with a dot or a hyphen.
 *
 * What would be longer than a name may be is cut and ends in `%~` and a hash of the id: unique, but not to be decoded.
 *
 * @param id not empty
 */
export const folderNameOf = (id: string): string => {
  const name = SAFE.test(id) ? id : percentEncoded(id);
  if (name.length <= MAX_BYTES) return name;
  const hash = createHash('sha256').update(encodeBytes(id)).digest('hex').slice(0, HASH_DIGITS);
  return `${name.slice(0, KEPT_BYTES).replace(/%.?$/, '')}%~${hash}`;
};
