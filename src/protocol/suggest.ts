import { closest, distance } from 'fastest-levenshtein';

/**
 * The candidate a mistyped word most likely meant, or nothing when none is near: at most one edit in three characters.
 * Upper and lower case count as equal.
 */
export const didYouMean = (word: string, candidates: readonly string[]): string | undefined => {
  const longest = Math.max(0, ...candidates.map((candidate) => candidate.length));
  if (word.length > 2 * longest) return undefined; // also keeps a hostile word of megabytes away from the matrix
  const given = word.toLowerCase();
  const lowered = candidates.map((candidate) => candidate.toLowerCase());
  if (lowered.length === 0) return undefined;
  const nearest = closest(given, lowered);
  const limit = Math.max(1, Math.floor(Math.max(given.length, nearest.length) / 3));
  const isNear = distance(given, nearest) <= limit && distance(given, nearest) < nearest.length;
  return isNear ? candidates[lowered.indexOf(nearest)] : undefined;
};
