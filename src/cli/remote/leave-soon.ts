const GRACE_MS = 100;

/**
 * Ends the process although something keeps it: the parser of Redis' answers has a timer that outlives its connection by
 * seconds, and a connection of BullMQ may still wait for a Redis that is away. To be called when all is done and written.
 */
export const leaveSoon = (): void => {
  setTimeout(() => process.exit(), GRACE_MS).unref();
};
