const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** A time span as a clock shows it, in whole seconds passed: `0:03`, `12:05`, `1:02:03`. @param ms less than 0 is 0 */
export const clockText = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return hours > 0
    ? `${hours}:${twoDigits(minutes % 60)}:${twoDigits(seconds % 60)}`
    : `${minutes}:${twoDigits(seconds % 60)}`;
};

/** A time still to go, in whole seconds, so that it reaches 0 only when there is none left. */
export const ceilToSecond = (ms: number): number => Math.ceil(ms / 1000) * 1000;
