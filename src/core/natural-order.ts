/** Digits, or what stands between them. */
const PARTS = /\d+|\D+/g;

const isNumber = (part: string): boolean => part >= '0' && part < ':';

const compareText = (one: string, other: string): number => (one < other ? -1 : Number(one > other));

/** As numbers of any length: without leading zeros the longer one is larger. */
const compareNumbers = (one: string, other: string): number => {
  const [short, long] = [one.replace(/^0+/, ''), other.replace(/^0+/, '')];
  return short.length - long.length || compareText(short, long);
};

/**
 * Compares names as people count: `web-9` comes before `web-10`. The order is total: 0 is for equal texts only. Not by
 * the rules of a language, so that a list looks the same everywhere.
 */
export const compareNaturally = (one: string, other: string): number => {
  const parts = one.match(PARTS) ?? [];
  const others = other.match(PARTS) ?? [];
  for (const [index, part] of parts.entries()) {
    const against = others[index];
    if (against === undefined) return 1;
    const order = isNumber(part) && isNumber(against) ? compareNumbers(part, against) : compareText(part, against);
    if (order !== 0) return order;
  }
  return parts.length - others.length || compareText(one, other);
};
