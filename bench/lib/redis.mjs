// A Redis of the bench's own, on a loopback port that nobody else has.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { until } from './processes.mjs';

const freePort = async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
};

const numberIn = (text, name) => Number(new RegExp(`^${name}:([0-9.]+)`, 'm').exec(text)?.[1] ?? 0);

/**
 * @param options more of `redis-server`'s; without them it writes nothing to disk
 * @returns `port`; `redis`, a connection to it; `costs()`, what it has done so far; `close()`
 */
export const startRedis = async (directory, ...options) => {
  const port = await freePort();
  const own = mkdtempSync(join(directory, 'redis-'));
  const basic = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', own];
  const child = spawn('redis-server', [...basic, ...options], { stdio: 'ignore' });
  const redis = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: () => 20 });
  redis.on('error', () => {}); // not there yet
  redis.connect().catch(() => {});
  await until(() => redis.status === 'ready', 'redis-server answers');
  return {
    port,
    redis,
    pid: child.pid,
    /** CPU time in ms, commands (those of scripts among them), times that it has read from a connection. */
    costs: async () => {
      const info = await redis.info('everything');
      return {
        cpuMs: (numberIn(info, 'used_cpu_user') + numberIn(info, 'used_cpu_sys')) * 1000,
        commands: numberIn(info, 'total_commands_processed'),
        reads: numberIn(info, 'total_reads_processed'),
        memoryBytes: numberIn(info, 'used_memory'),
        peakBytes: numberIn(info, 'used_memory_peak'),
      };
    },
    close: async () => {
      redis.disconnect();
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      rmSync(own, { recursive: true, force: true });
    },
  };
};
