import { ProcctlError } from '../../errors.ts';
import { show } from '../show.ts';

/** A Redis or Valkey server, and who asks. */
export interface RedisTarget {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly isSecure: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** With TLS: paths of what this side shows of itself (PEM); absent: nothing. */
  readonly certificate?: { readonly certFile: string; readonly keyFile: string };
  /** For people: without user and password. */
  readonly name: string;
  /** Whether the URL itself had a password in it. */
  readonly hasSecretInUrl: boolean;
}

const FORM = { hint: 'write redis://host:port/db, or rediss:// for TLS' };

/** Nothing of what was given is repeated: there may be a password in it, in any place. */
const bad = (what: string): ProcctlError => new ProcctlError('ERR_USAGE', `the address of Redis ${what}`, FORM);

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    throw bad('has a % that begins no byte');
  }
};

/**
 * Reads `redis://user:password@host:port/db`. What the URL does not say of user and password, the variables
 * PROCCTL_REDIS_USERNAME and PROCCTL_REDIS_PASSWORD do; PROCCTL_REDIS_CERT and PROCCTL_REDIS_CERT_KEY name files for TLS.
 *
 * @throws ProcctlError ERR_USAGE; never with a part of the text in it
 */
export const parseRedisTarget = (text: string, env: NodeJS.ProcessEnv): RedisTarget => {
  if (!/^rediss?:\/\//.test(text)) throw bad('has to begin with redis:// or rediss://');
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw bad('is no URL');
  }
  if (url.hostname === '') throw bad('names no host');
  if (url.search !== '' || url.hash !== '') throw bad('has something behind the number of the database');
  const db = /^\/?(\d{0,5})$/.exec(url.pathname)?.[1];
  if (db === undefined) throw bad('names a database that is no number');
  const isSecure = url.protocol === 'rediss:';
  const port = url.port === '' ? 6379 : Number(url.port);
  const given = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const username = url.username === '' ? given('PROCCTL_REDIS_USERNAME') : decoded(url.username);
  const password = url.password === '' ? given('PROCCTL_REDIS_PASSWORD') : decoded(url.password);
  const certFile = given('PROCCTL_REDIS_CERT');
  const keyFile = given('PROCCTL_REDIS_CERT_KEY');
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new ProcctlError('ERR_USAGE', 'PROCCTL_REDIS_CERT and PROCCTL_REDIS_CERT_KEY go together', {
      hint: 'name both files, or neither',
    });
  }
  return {
    host: decoded(url.hostname).replace(/^\[(.*)\]$/, '$1'),
    port,
    db: Number(db),
    isSecure,
    username,
    password,
    ...(isSecure && certFile !== undefined && keyFile !== undefined && { certificate: { certFile, keyFile } }),
    name: `${url.protocol}//${url.hostname}:${port}${db === '' || db === '0' ? '' : `/${Number(db)}`}`,
    hasSecretInUrl: url.password !== '',
  };
};

/** The same words for a list of processes: without what stands between `//` and `@` in an address of Redis. */
export const withoutSecrets = (word: string): string => word.replace(/(rediss?:\/\/)[^/?#]*@/g, '$1***@');

/** @throws ProcctlError ERR_USAGE for what BullMQ takes for no name, or what would not be one key */
export const parseQueueName = (text: string): string => {
  if (/^[\w.-]{1,100}$/.test(text)) return text;
  throw new ProcctlError('ERR_USAGE', `expected the name of a queue, got ${show(text)}`, {
    hint: 'letters, digits, ".", "_" and "-", at most 100',
  });
};
