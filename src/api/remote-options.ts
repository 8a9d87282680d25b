import { ProcctlError } from '../errors.ts';
import { DEFAULT_CONNECT_TIMEOUT_MS } from '../protocol/remote/defaults.ts';
import { parseQueueName, parseRedisTarget, type RedisTarget } from '../protocol/remote/redis-target.ts';
import { parseTimeoutMs } from './options.ts';

/** As those of the command line, but for the code: here it is an option that is wrong. */
const asOption = <T>(name: string, parse: () => T): T => {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ProcctlError)) throw error;
    const { message, hint } = error;
    throw new ProcctlError('ERR_OPTION', `${name}: ${message}`, hint === undefined ? {} : { hint });
  }
};

const assertText = (value: unknown, name: string): string => {
  if (typeof value === 'string') return value;
  // What was given is not repeated: it may be an address with a password in it.
  throw new ProcctlError('ERR_OPTION', `${name} must be a string`);
};

/** @throws ProcctlError ERR_OPTION, without any part of the address in it */
export const parseOn = (on: unknown): RedisTarget => {
  const text = assertText(on, 'on');
  return asOption('on', () => parseRedisTarget(text, process.env));
};

/** @throws ProcctlError ERR_OPTION */
export const parseName = (value: unknown, name: string): string => {
  const text = assertText(value, name);
  return asOption(name, () => parseQueueName(text));
};

/** @returns 0: for ever @throws ProcctlError ERR_OPTION */
export const parseConnectTimeoutMs = (value: unknown): number => {
  if (value === undefined) return DEFAULT_CONNECT_TIMEOUT_MS;
  if (value === 0) {
    throw new ProcctlError('ERR_OPTION', 'connectTimeoutMs must be above 0', { hint: 'Infinity is to wait for ever' });
  }
  return parseTimeoutMs(value, 'connectTimeoutMs') ?? 0;
};

/**
 * Options that say something of processes of this machine, where there are none.
 *
 * @param reasons why each of them makes no sense, and what to do instead
 * @throws TypeError
 */
export const refuseLocal = (options: object, reasons: Readonly<Record<string, string>>): void => {
  for (const [name, reason] of Object.entries(reasons)) {
    if ((options as Readonly<Record<string, unknown>>)[name] !== undefined) {
      throw new TypeError(`${name} does not go with on: ${reason}`);
    }
  }
};
