import type { ProcessDetails, ProcessView } from '../../src/protocol/process-view.ts';

/** A process that is up and asleep, with what a test is about on top. */
export const processView = (some: Partial<ProcessView> = {}): ProcessView => ({
  id: 3,
  name: 'web',
  group: 'web',
  instance: null,
  pid: 4711,
  alive: true,
  state: 'waiting',
  reason: 'sleep',
  dueInMs: null,
  wanted: 'up',
  exitCode: null,
  signal: null,
  endedBy: null,
  restarts: 0,
  startedAt: '2026-01-02T03:04:05.000Z',
  exitedAt: null,
  uptimeMs: 7_380_000,
  cpuPercent: 3.4,
  memoryBytes: 43_000_000,
  command: 'node server.js',
  cwd: '/srv/web',
  restart: 'on-failure',
  boot: false,
  ...some,
});

/** What is gone of a process once it is down. */
export const DOWN = {
  pid: null,
  alive: false,
  uptimeMs: null,
  cpuPercent: null,
  memoryBytes: null,
  reason: null,
} as const satisfies Partial<ProcessView>;

export const WIDE = {
  onCpuShare: 0.034,
  queuedShare: 0.002,
  asleepShare: 0.964,
  ports: [8080, 8443],
} as const satisfies Partial<ProcessView>;

export const processDetails = (some: Partial<ProcessDetails> = {}): ProcessDetails => ({
  ...processView(),
  ...WIDE,
  argv: ['node', 'server.js'],
  okExitCodes: [0],
  maxRestarts: 5,
  withinMs: 60_000,
  backoffMinMs: 100,
  backoffMaxMs: 30_000,
  stableAfterMs: 10_000,
  stopSignal: 'SIGTERM',
  stopTimeoutMs: 5_000,
  logMaxBytes: 10 * 1024 * 1024,
  logKeep: 5,
  logDroppedLines: 0,
  nice: null,
  limits: {},
  user: null,
  createdAt: '2026-01-01T03:04:05.000Z',
  directory: '/home/ann/.procctl/processes/3',
  history: [],
  tree: [{ pid: 4711, command: 'node server.js', state: 'sleep' }],
  stderrTail: [],
  portConflict: null,
  env: {},
  ...some,
});

/** A list with everything in it that could break a table. */
export const NASTY: readonly ProcessView[] = [
  processView({ id: 1, name: 'web', state: 'running', reason: null, cpuPercent: 87.6 }),
  processView({ id: 2, name: '日本語サーバー', memoryBytes: 1_300_000_000, restarts: 12 }),
  processView({ ...DOWN, id: 3, name: '\x1b[31mred\x1b[0m\nx', state: 'failed', reason: '5 restarts in 60s' }),
  processView({ ...DOWN, id: 4, name: 'batch', state: 'waiting', reason: 'backoff', dueInMs: 3_200 }),
  processView({ ...DOWN, id: 10, name: 'n'.repeat(40), state: 'exited', reason: 'SIGSEGV', signal: 'SIGSEGV' }),
];
