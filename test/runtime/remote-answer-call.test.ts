import { expect, it } from 'vitest';
import { answerCall } from '../../src/runtime/remote/answer-call.ts';
import type { Call, Failure } from '../../src/runtime/workers/call.ts';

const NO_SEAT = { pid: 0, host: undefined, stderrTail: '', hasTimedOut: false };

it('rejects a call whose result is nested deeper than values cross, and throws nothing', () => {
  const failures: Failure[] = [];
  const call = { kind: 0, weight: 1, onFailure: (failure: Failure) => void failures.push(failure) } as unknown as Call;
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  answerCall(call, { kind: 'returned', result: deep }, NO_SEAT, () => ({}));
  expect(failures).toMatchObject([{ kind: 'rejected', error: { code: 'ERR_SERIALIZATION' } }]);
});
