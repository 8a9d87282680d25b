const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Steps that people count in. */
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 30, 90, 365].map((n) => n * DAY),
];

/**
 * Round times from 0 to the end of a span, ms.
 *
 * @param most how many there are at most, 0 not counted; at least 1
 */
export const timeTicks = (spanMs: number, most: number): readonly number[] => {
  const step = STEPS.find((ms) => spanMs / ms <= most) ?? Math.ceil(spanMs / most);
  return Array.from({ length: Math.floor(spanMs / step) + 1 }, (_, index) => index * step);
};

const UNITS = [
  ['d', DAY],
  ['h', HOUR],
  ['m', MINUTE],
  ['s', SECOND],
  ['ms', 1],
] as const;

/** A round time in full: `1h30m`, `200ms`, `0`. */
export const tickText = (ms: number): string => {
  let rest = ms;
  let text = '';
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text === '' ? '0' : text;
};
