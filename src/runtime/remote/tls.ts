import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { ProcctlError } from '../../errors.ts';
import type { RedisTarget } from '../../protocol/remote/redis-target.ts';

const read = (path: string): Buffer => {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ProcctlError('ERR_REDIS', `cannot read a certificate or its key: ${(cause as Error).message}`, {
      hint: 'PROCCTL_REDIS_CERT and PROCCTL_REDIS_CERT_KEY name them',
      cause,
    });
  }
};

/**
 * How a server is spoken to by TLS.
 *
 * @throws ProcctlError ERR_REDIS when a file cannot be read
 */
export const tlsOptions = ({ host, certificate }: RedisTarget): ConnectionOptions => ({
  // Not for addresses (RFC 6066, section 3); these are looked for in the certificate all the same.
  ...(isIP(host) === 0 && { servername: host }),
  ...(certificate && { cert: read(certificate.certFile), key: read(certificate.keyFile) }),
});

const UNTRUSTED = /^(?:SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER)|CERT_|ERR_TLS_CERT)/;

/** What can be done when a certificate is the reason; undefined: it is not. */
export const tlsHint = ({ code = '', message }: NodeJS.ErrnoException): string | undefined => {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'use the name that the certificate is for';
  if (UNTRUSTED.test(code)) return 'name the file with the certificate of its authority in NODE_EXTRA_CA_CERTS';
  // What the server says of the certificate of this side.
  if (/alert (?:certificate required|bad certificate|unknown ca|handshake failure)/.test(message)) {
    return 'it wants a certificate: name it in PROCCTL_REDIS_CERT, and its key in PROCCTL_REDIS_CERT_KEY';
  }
  return undefined;
};
