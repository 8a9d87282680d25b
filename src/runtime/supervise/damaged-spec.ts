import type { ProcessSpec } from '../../protocol/process-spec.ts';

/** Stands in for a spec that cannot be read: the process is still listed, can be stopped and removed, but not started. */
export const damagedSpec = (id: number, directory: string): ProcessSpec => ({
  id,
  name: `damaged-${id}`,
  group: `damaged-${id}`,
  instance: null,
  token: '',
  createdAt: 0,
  argv: ['false'],
  command: '(spec.json is damaged)',
  cwd: directory,
  env: {},
  policy: {
    restart: 'no',
    okExitCodes: [0],
    restartLimit: { max: 0, withinMs: 60_000 },
    backoff: { minMs: 1_000, maxMs: 30_000 },
    stableAfterMs: 10_000,
  },
  stopSignal: 'SIGTERM',
  stopTimeoutMs: 5_000,
  logMaxBytes: 10 * 1024 ** 2,
  logKeep: 5,
  nice: null,
  limits: {},
  umask: null,
  user: null,
  boot: false,
});

/** Tokens of real processes are never empty. */
export const isDamaged = ({ token }: ProcessSpec): boolean => token === '';
