import { closest, distance } from 'fastest-levenshtein';

/** Whether two words differ by two neighbours that changed places, the commonest slip: two edits, yet one mistake. */
const isSwapped = (a: string, b: string): boolean => {
  if (a.length !== b.length) return false;
  const at = Array.from({ length: a.length }).findIndex((_, index) => a[index] !== b[index]);
  return at !== -1 && a.slice(at, at + 2) === `${b[at + 1]}${b[at]}` && a.slice(at + 2) === b.slice(at + 2);
};

/**
 * The candidate a mistyped word most likely meant, or nothing when none is near: at most one edit in three characters,
 * or two neighbours that changed places.
 * Upper and lower case count as equal.
 */
export const didYouMean = (word: string, candidates: readonly string[]): string | undefined => {
  const longest = Math.max(0, ...candidates.map((candidate) => candidate.length));
  if (word.length > 2 * longest) return undefined; // also keeps a hostile word of megabytes away from the matrix
  const given = word.toLowerCase();
  const lowered = candidates.map((candidate) => candidate.toLowerCase());
  if (lowered.length === 0) return undefined;
  const swapped = lowered.findIndex((candidate) => isSwapped(given, candidate));
  if (swapped !== -1) return candidates[swapped];
  const nearest = closest(given, lowered);
  const limit = Math.max(1, Math.floor(Math.max(given.length, nearest.length) / 3));
  const isNear = distance(given, nearest) <= limit && distance(given, nearest) < nearest.length;
  return isNear ? candidates[lowered.indexOf(nearest)] : undefined;
};
