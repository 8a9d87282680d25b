let latestMs = Number.NaN;
let latest = '';

/** ISO 8601, UTC. Output of many processes comes within the same ms: its text is made once for all of them. */
export const logTime = (ms: number): string => {
  if (ms !== latestMs) {
    latest = new Date(ms).toISOString();
    latestMs = ms;
  }
  return latest;
};
