import { createHmac, timingSafeEqual } from 'node:crypto';
import { canonicalJson } from '../../protocol/remote/canonical-json.ts';
import { type EndRecord, type RemoteEnd, readEndRecord } from '../../protocol/remote/end-record.ts';
import type { JobData } from '../../protocol/remote/job.ts';

/** What is signed with: a key, and the queue that it is for. */
export interface Signer {
  readonly key: string;
  readonly queue: string;
}

type Signed = Readonly<Record<string, unknown>> & { readonly signature?: unknown };

/** Over the queue, the id, and all of the data but the signature. */
const hmacOf = (kind: 'job' | 'end', { key, queue }: Signer, jobId: string, data: object): string => {
  const { signature: _, ...signed } = data as Signed;
  return createHmac('sha256', key)
    .update(`procctl-${kind}-1\n${queue}\n${jobId}\n${canonicalJson(signed)}`)
    .digest('hex');
};

const isHmac = (given: unknown, right: string): boolean => {
  const [a, b] = [Buffer.from(typeof given === 'string' ? given : ''), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
};

/** Who put a job in must have had the key. */
export const signatureOf = (key: string, queue: string, jobId: string, data: JobData): string =>
  hmacOf('job', { key, queue }, jobId, data);

export const isSigned = (key: string, queue: string, jobId: string, data: JobData): boolean =>
  isHmac(data.signature, signatureOf(key, queue, jobId, data));

/** @param signer undefined: ends are not signed */
export const signedEnd = (signer: Signer | undefined, jobId: string, record: EndRecord): EndRecord =>
  signer === undefined ? record : { ...record, signature: hmacOf('end', signer, jobId, record) };

const isSignedEnd = (signer: Signer, jobId: string, value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return false;
  try {
    return isHmac((value as Signed).signature, hmacOf('end', signer, jobId, value));
  } catch {
    return false; // nested so deeply that nobody of ours has written it
  }
};

/**
 * Reads how an attempt ended. With a signer, what is not signed counts only as an error: whoever can write to Redis can make a
 * task fail, and nobody else can make it succeed.
 *
 * @param value what a job returned; anything at all
 */
export const readSignedEnd = (signer: Signer | undefined, jobId: string, value: unknown): RemoteEnd => {
  const end = readEndRecord(value);
  if (signer === undefined || isSignedEnd(signer, jobId, value)) return end;
  const { code, message } = {
    code: 'ERR_SIGNATURE',
    message: 'how it ended is not signed with the key of this pool (PROCCTL_QUEUE_KEY)',
  };
  const outcome = end.outcome.kind === 'error' ? end.outcome : ({ kind: 'error', code, message } as const);
  return { ...end, outcome, timedOutMs: null, chunks: 0, inline: [] };
};

/** Output that is not what its worker has signed. */
export const FORGED_OUTPUT = {
  kind: 'error',
  code: 'ERR_SIGNATURE',
  message: 'what it wrote is not what its worker has signed',
} as const;
