// Functions for examples/functions.json.

const isPrime = (n) => {
  if (n < 2) return false;
  for (let divisor = 2; divisor * divisor <= n; divisor += 1) if (n % divisor === 0) return false;
  return true;
};

/** Counts the primes from `from` up to, not including, `to`. */
export const countPrimes = (from, to, { log = false } = {}) => {
  let count = 0;
  let largest = null;
  for (let n = from; n < to; n += 1) {
    if (!isPrime(n)) continue;
    count += 1;
    largest = n;
  }
  if (log) console.log(`${count} primes from ${from} to ${to}`);
  return { count, largest };
};
