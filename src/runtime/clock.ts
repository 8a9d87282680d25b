/** CLOCK_MONOTONIC, ms: the same for all processes of a machine until it goes down, whatever is done to the date. */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;
