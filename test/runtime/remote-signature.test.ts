import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EndRecord } from '../../src/protocol/remote/end-record.ts';
import { PieceDigest } from '../../src/runtime/remote/piece-digest.ts';
import { readSignedEnd, signedEnd } from '../../src/runtime/remote/signature.ts';

const signer = { key: 'k', queue: 'q' };
const record: EndRecord = {
  version: 1,
  exitCode: 0,
  signal: null,
  error: null,
  timedOutMs: null,
  durationMs: 5,
  host: 'h',
  pid: 1,
  slot: 1,
  execution: 1,
  output: { chunks: 2, bytes: 9, sha256: 'x' },
};
const travelled = (value: unknown) => JSON.parse(JSON.stringify(value));
const signed = travelled(signedEnd(signer, 'job', record));

describe('a signed end', () => {
  it('is read as it was, by who has the key', () => {
    expect(readSignedEnd(signer, 'job', signed)).toMatchObject({
      outcome: { kind: 'exited', exitCode: 0 },
      chunks: 2,
      sha256: 'x',
    });
  });
  it('counts for no other job, queue or key, and for no other end', () => {
    const forged = [
      readSignedEnd(signer, 'other', signed),
      readSignedEnd({ ...signer, queue: 'other' }, 'job', signed),
      readSignedEnd({ ...signer, key: 'other' }, 'job', signed),
      readSignedEnd(signer, 'job', { ...signed, exitCode: 1 }),
      readSignedEnd(signer, 'job', { ...signed, output: { ...signed.output, chunks: 1 } }),
      readSignedEnd(signer, 'job', { ...signed, signature: undefined }),
    ];
    for (const end of forged)
      expect(end).toMatchObject({ outcome: { kind: 'error', code: 'ERR_SIGNATURE' }, chunks: 0, inline: [] });
  });
  it('is the only success there is: anything else that a job returns is an error', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        expect(readSignedEnd(signer, 'job', value).outcome.kind).toBe('error');
      }),
    );
    const deep = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`);
    expect(readSignedEnd(signer, 'job', { deep }).outcome.kind).toBe('error');
  });
  it('need not be signed where nobody has a key, and may be an error that nobody has signed', () => {
    expect(readSignedEnd(undefined, 'job', record).outcome).toEqual({ kind: 'exited', exitCode: 0 });
    const lost = { ...record, exitCode: null, error: { code: 'ERR_WORKER_LOST', message: 'm' } };
    expect(readSignedEnd(signer, 'job', lost).outcome).toMatchObject({ code: 'ERR_WORKER_LOST' });
  });
});

it('the digest of pieces is the one that the page describes', () => {
  const digest = new PieceDigest();
  digest.add('stdout', Buffer.from('ab'));
  digest.add('stderr', Buffer.from('c'));
  expect(digest.hex).toBe(createHash('sha256').update('o2\nabe1\nc').digest('hex'));
});
