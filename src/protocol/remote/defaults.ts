/** How long Redis may be away, ms. */
export const DEFAULT_CONNECT_TIMEOUT_MS = 30_000;

/** Tasks in the queue at a time, where nobody says: workers with hundreds of slots find something to do. */
export const REMOTE_SIZE = 500;
