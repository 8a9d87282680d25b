/** How long Redis may be away, ms. */
export const DEFAULT_CONNECT_TIMEOUT_MS = 30_000;

/** A larger item is not put, bytes of JSON: it would stand in the memory of Redis. */
export const MAX_ITEM_BYTES = 16 * 1024 * 1024;

/** Tasks in the queue at a time, where nobody says: workers with hundreds of slots find something to do. */
export const REMOTE_SIZE = 500;
