import { describe, expect, it } from 'vitest';
import { hasOpenssl, makeCertificates } from '../helpers/certificates.ts';
import { recordsOf, runProcctl, startProcctl, waitFor } from '../helpers/procctl.ts';
import { hasRedis, TestRedis } from '../helpers/redis.ts';

if (!hasOpenssl) console.error('\n*** NO openssl HERE: POOLS ON REDIS BY TLS ARE NOT TESTED ***\n');

const withTls = async (
  names: string,
  use: (redis: TestRedis, directory: string) => Promise<void>,
  ...args: readonly string[]
): Promise<void> => {
  const directory = makeCertificates(names);
  const redis = await TestRedis.startAt({ tls: directory }, ...args);
  try {
    await use(redis, directory);
  } finally {
    await redis.end('SIGKILL');
  }
};

const linesOf = (text: string): string[] => text.trim().split('\n');

describe.runIf(hasRedis && hasOpenssl)('rediss://', { concurrent: true }, () => {
  it('is TLS, with the authority that NODE_EXTRA_CA_CERTS names', async () => {
    await withTls('DNS:localhost,IP:127.0.0.1', async (redis, directory) => {
      const env = { NODE_EXTRA_CA_CERTS: `${directory}/ca.crt` };
      const worker = await redis.worker([], { env });
      expect(worker.stderr).toContain('connected to rediss://127.0.0.1');
      for (const url of [redis.url, redis.url.replace('127.0.0.1', 'localhost')]) {
        const pool = await runProcctl(['pool', '--on', url, '--json', '-'], {
          env,
          input: JSON.stringify(['echo a', 'head -c 300000 /dev/zero']),
        });
        expect(pool.code).toBe(0);
        expect(
          recordsOf(pool.stdout)
            .map(({ stdout }) => stdout?.length)
            .sort(),
        ).toEqual([2, 300_000]);
        expect(pool.stderr).not.toContain('Warning');
      }
      await worker.discard();
    });
  });
  it('refuses at once, in one line, a server whose authority it does not know', async () => {
    await withTls('IP:127.0.0.1', async (redis) => {
      const worker = await runProcctl(['worker', redis.url]);
      expect(worker.code).toBe(125);
      expect(linesOf(worker.stderr)).toHaveLength(1);
      expect(worker.stderr).toMatch(/certificate.*NODE_EXTRA_CA_CERTS/);
      const pool = await runProcctl(['pool', '--on', redis.url, '--quiet', '--', 'echo', ':::', 'a']);
      expect(pool.code).toBe(125);
      expect(pool.stderr).toMatch(/certificate.*NODE_EXTRA_CA_CERTS/);
    });
  });
  it('refuses a server with the certificate of another name', async () => {
    await withTls('DNS:elsewhere.example,IP:127.0.0.2', async (redis, directory) => {
      const env = { NODE_EXTRA_CA_CERTS: `${directory}/ca.crt` };
      for (const url of [redis.url, redis.url.replace('127.0.0.1', 'localhost')]) {
        const { code, stderr } = await runProcctl(['worker', url], { env });
        expect(code).toBe(125);
        expect(linesOf(stderr)).toHaveLength(1);
        expect(stderr).toContain('use the name that the certificate is for');
      }
    });
  });
  it('shows a certificate of its own to a server that wants one', async () => {
    await withTls(
      'IP:127.0.0.1',
      async (redis, directory) => {
        const ca = { NODE_EXTRA_CA_CERTS: `${directory}/ca.crt` };
        const files = {
          PROCCTL_REDIS_CERT: `${directory}/client.crt`,
          PROCCTL_REDIS_CERT_KEY: `${directory}/client.key`,
        };
        const worker = startProcctl(['worker', redis.url], { env: { ...ca, ...files } });
        await waitFor(() => worker.stderr.includes('connected to'), 'the worker is connected');
        const pool = (env: NodeJS.ProcessEnv) =>
          runProcctl(
            ['pool', '--on', redis.url, '--quiet', '--', 'sh', '-c', 'echo {} $PROCCTL_REDIS_CERT', ':::', 'a'],
            {
              env: { ...ca, ...env },
            },
          );
        expect((await pool(files)).stdout.toString()).toBe('a\n');
        const without = await pool({});
        expect(without.code).toBe(125);
        expect(without.stderr).toContain('PROCCTL_REDIS_CERT');
        const missing = await pool({ ...files, PROCCTL_REDIS_CERT: `${directory}/none` });
        expect(missing.code).toBe(125);
        expect(linesOf(missing.stderr)).toHaveLength(1);
        const half = await pool({ PROCCTL_REDIS_CERT: files.PROCCTL_REDIS_CERT });
        expect(half.code).toBe(2);
        await worker.discard();
      },
      '--tls-auth-clients',
      'yes',
    );
  });
  it('says so when the server does not speak TLS, and tries until the time is over', async () => {
    const redis = await TestRedis.start();
    try {
      const { code, stderr } = await runProcctl([
        'worker',
        redis.url.replace('redis:', 'rediss:'),
        '--connect-timeout',
        '11s',
      ]);
      expect(code).toBe(125);
      expect(linesOf(stderr)).toHaveLength(1);
      expect(stderr).toContain('no answer by TLS');
    } finally {
      await redis.end('SIGKILL');
    }
  });
});
