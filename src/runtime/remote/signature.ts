import { createHmac, timingSafeEqual } from 'node:crypto';
import { canonicalJson } from '../../protocol/remote/canonical-json.ts';
import type { JobData } from '../../protocol/remote/job.ts';

/** Who put a job in must have had the key: over the queue, the id, and all of the data but the signature. */
export const signatureOf = (key: string, queue: string, jobId: string, data: JobData): string => {
  const { signature: _, ...signed } = data;
  return createHmac('sha256', key)
    .update(`procctl-job-1\n${queue}\n${jobId}\n${canonicalJson(signed)}`)
    .digest('hex');
};

export const isSigned = (key: string, queue: string, jobId: string, data: JobData): boolean => {
  const given = Buffer.from(typeof data.signature === 'string' ? data.signature : '');
  const right = Buffer.from(signatureOf(key, queue, jobId, data));
  return given.length === right.length && timingSafeEqual(given, right);
};
