const part = (): string =>
  Math.floor(Math.random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');

/**
 * 16 hexadecimal digits that no other program has: to be told apart by, not to be secret. Node seeds Math.random from
 * the kernel's random numbers at each start; node:crypto would give the same, and take a millisecond and a half to load.
 */
export const uniqueText = (): string => part() + part();
