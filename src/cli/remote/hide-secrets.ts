import { type RedisTarget, withoutSecrets } from '../../protocol/remote/redis-target.ts';

/** Takes a password that was given on the command line out of the list of processes. */
export const hideSecrets = ({ hasSecretInUrl }: RedisTarget): void => {
  if (hasSecretInUrl) process.title = ['procctl', ...process.argv.slice(2).map(withoutSecrets)].join(' ');
};

/** Variables that are for procctl alone. */
const SECRETS = [
  'PROCCTL_REDIS_USERNAME',
  'PROCCTL_REDIS_PASSWORD',
  'PROCCTL_REDIS_CERT',
  'PROCCTL_REDIS_CERT_KEY',
  'PROCCTL_QUEUE_KEY',
];

/** The environment of tasks. */
export const withoutSecretVariables = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => {
  const rest = { ...env };
  for (const name of SECRETS) delete rest[name];
  return rest;
};

/** @returns undefined: jobs need not be signed */
export const queueKey = (env: NodeJS.ProcessEnv): string | undefined =>
  env.PROCCTL_QUEUE_KEY === '' ? undefined : env.PROCCTL_QUEUE_KEY;
