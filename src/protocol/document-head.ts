export type TasksFormat = 'json' | 'ndjson';

const DOCUMENT_KEYS = ['"tasks"', '"defaults"', '"$schema"'];

/**
 * Tells a whole JSON document from one task a line by how the text begins: `[`, or `{` and a key of a document, is JSON.
 *
 * @param head the beginning, as much as there is so far; a byte order mark is skipped
 */
export const detectFormat = (head: string): TasksFormat | 'undecided' => {
  const begun = head.replace(/^\ufeff?[ \t\r\n]*/, '');
  if (begun === '') return 'undecided';
  if (begun.startsWith('[')) return 'json';
  if (!begun.startsWith('{')) return 'ndjson';
  const key = begun.slice(1).replace(/^[ \t\r\n]+/, '');
  if (DOCUMENT_KEYS.some((known) => key.startsWith(known))) return 'json';
  return DOCUMENT_KEYS.some((known) => known.startsWith(key)) ? 'undecided' : 'ndjson';
};

const BYTE_ORDER_MARK = '\xef\xbb\xbf';

/** What is looked at first of a chunk: as a rule it says enough. */
const FIRST_LOOK_BYTES = 256;

/** The beginning of an input, as its bytes arrive, and what it says about the format: see `detectFormat`. */
export class DocumentHead {
  /** A character for each byte: all that matters here is ASCII, and a decoder of UTF-8 takes time to load. */
  #text = '';

  push(chunk: Uint8Array): TasksFormat | 'undecided' {
    const early = detect(this.#text + latin1(chunk.subarray(0, FIRST_LOOK_BYTES)));
    if (early !== 'undecided') return early;
    // White space does not matter here: however much there is, one blank stands for it.
    this.#text = (this.#text + latin1(chunk)).replace(/[ \t\r\n]+/g, ' ');
    return detect(this.#text);
  }
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

const detect = (text: string): TasksFormat | 'undecided' => {
  if (text.startsWith(BYTE_ORDER_MARK)) return detectFormat(text.slice(BYTE_ORDER_MARK.length));
  // The mark itself may come cut in two.
  return BYTE_ORDER_MARK.startsWith(text) ? 'undecided' : detectFormat(text);
};
