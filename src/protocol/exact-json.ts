const isPlain = (value: object): boolean => Object.getPrototypeOf(value) === Object.prototype;

/** @param seen objects that have come before: JSON would make two of one that comes twice */
const isExact = (value: unknown, seen: Set<object>): boolean => {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== 'object' || seen.has(value)) return false;
  seen.add(value);
  if (Array.isArray(value)) {
    // One with holes, or with members of its own beside its items, has another number of keys.
    return Object.keys(value).length === value.length && value.every((item) => isExact(item, seen));
  }
  return isPlain(value) && Object.values(value).every((member) => isExact(member, seen));
};

/**
 * JSON that is the same value when it is read again, as far as values cross at all; undefined when there is none.
 *
 * @param value as it was read from the format of values: without code, not too deep
 */
export const exactJson = (value: unknown): string | undefined =>
  isExact(value, new Set()) ? JSON.stringify(value) : undefined;
