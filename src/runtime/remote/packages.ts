import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as BullMQ from 'bullmq';
import type { Redis } from 'ioredis';
import { ProcctlError } from '../../errors.ts';

/** The two packages that only pools on Redis need. */
export interface RemotePackages {
  readonly bullmq: typeof BullMQ;
  readonly Redis: typeof Redis;
}

const find = (name: string, directory: string): unknown => {
  const beside = createRequire(import.meta.url);
  const there = createRequire(join(directory, 'package.json'));
  for (const load of [beside, there]) {
    let path: string;
    try {
      path = load.resolve(name);
    } catch {
      continue;
    }
    return load(path);
  }
  throw new ProcctlError('ERR_REDIS', `pools on Redis need the package ${name}`, {
    hint: 'npm install bullmq ioredis, beside procctl or in this project; npm install --global for a global procctl',
  });
};

/**
 * Loads what was installed beside procctl, or else in the project of a directory.
 *
 * @throws ProcctlError ERR_REDIS when one of them is not there
 */
export const loadRemotePackages = (directory: string): RemotePackages => {
  const bullmq = find('bullmq', directory) as typeof BullMQ;
  const ioredis = find('ioredis', directory) as { readonly Redis: typeof Redis };
  return { bullmq, Redis: ioredis.Redis };
};
