import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratch } from './procctl.ts';

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/**
 * An authority and what it has signed, in a directory: `ca.crt`, `server.crt`, `server.key`, `client.crt`, `client.key`.
 *
 * @param names of the server, such as `DNS:localhost`
 */
export const makeCertificates = (names: string): string => {
  const directory = scratch();
  const path = (name: string): string => join(directory, name);
  const openssl = (...words: readonly string[]): void => {
    execFileSync('openssl', words, { cwd: directory, stdio: 'pipe' });
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2', '-subj', '/CN=test authority');
  for (const [who, alternative] of [
    ['server', names],
    ['client', 'DNS:client'],
  ] as const) {
    writeFileSync(path(`${who}.ext`), `subjectAltName=${alternative}\n`);
    openssl('req', ...key, '-keyout', `${who}.key`, '-out', `${who}.csr`, '-subj', `/CN=${who}`);
    const signing = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${who}.ext`, '-days', '2'];
    openssl('x509', '-req', '-in', `${who}.csr`, '-out', `${who}.crt`, ...signing);
  }
  return directory;
};
