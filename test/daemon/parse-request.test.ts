import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRequest } from '../../src/daemon/parse-request.ts';
import { PARAMS } from '../../src/protocol/rpc.ts';
import { errorLine, RPC_ERROR } from '../../src/protocol/rpc-message.ts';

const line = (message: object): string => JSON.stringify({ jsonrpc: '2.0', ...message });

/** The code of the refusal; undefined when the line is a request. */
const refusalOf = (text: string): number | undefined => {
  const parsed = parseRequest(text);
  return 'error' in parsed ? parsed.error.code : undefined;
};

const idOf = (text: string): unknown => {
  const parsed = parseRequest(text);
  return 'error' in parsed ? parsed.id : parsed.request.id;
};

describe('a line from a client', () => {
  it('is a checked request, or refused with an answer of one line, whatever it is', () => {
    const garbage = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('utf8')),
      fc.json(),
      fc.json().map((json) => `{"jsonrpc":"2.0","id":1,"method":"process.list","params":${json}}`),
      fc
        .record(
          {
            id: fc.jsonValue(),
            method: fc.oneof(fc.constantFrom(...Object.keys(PARAMS)), fc.jsonValue()),
            params: fc.jsonValue(),
          },
          { requiredKeys: [] },
        )
        .map(line),
    );
    fc.assert(
      fc.property(garbage, (text) => {
        const parsed = parseRequest(text);
        if ('request' in parsed) {
          expect(Object.keys(PARAMS)).toContain(parsed.request.method);
          return;
        }
        const answer = errorLine(parsed.id, parsed.error);
        expect(answer.indexOf('\n')).toBe(answer.length - 1);
        expect(parsed.error.message).not.toBe('');
      }),
      { numRuns: 2_000 },
    );
  });

  it('is understood when it is right, and what it says too much is left out', () => {
    expect(parseRequest(line({ id: 'a', method: 'process.list', params: { wide: true, more: 1 }, extra: 2 }))).toEqual({
      request: { id: 'a', method: 'process.list', params: { wide: true } },
    });
    expect(parseRequest(line({ id: 0, method: 'daemon.status' }))).toEqual({
      request: { id: 0, method: 'daemon.status', params: {} },
    });
  });

  it.each([
    ['', RPC_ERROR.parse],
    ['{"jsonrpc":"2.0",', RPC_ERROR.parse],
    ['null', RPC_ERROR.invalid],
    ['[]', RPC_ERROR.invalid],
    ['"daemon.stop"', RPC_ERROR.invalid],
    ['{}', RPC_ERROR.invalid],
    ['{"jsonrpc":"1.0","id":1,"method":"daemon.status"}', RPC_ERROR.invalid],
    ['{"jsonrpc":"2.0","method":"daemon.stop","params":{"keep":false}}', RPC_ERROR.invalid],
    ['{"jsonrpc":"2.0","id":null,"method":"daemon.status"}', RPC_ERROR.invalid],
    ['{"jsonrpc":"2.0","id":{},"method":"daemon.status"}', RPC_ERROR.invalid],
    [line({ id: 1 }), RPC_ERROR.noMethod],
    [line({ id: 1, method: 'toString' }), RPC_ERROR.noMethod],
    [line({ id: 1, method: '__proto__' }), RPC_ERROR.noMethod],
    [line({ id: 1, method: ['daemon.status'] }), RPC_ERROR.noMethod],
    [line({ id: 1, method: 'process.stop' }), RPC_ERROR.params],
    [line({ id: 1, method: 'process.stop', params: [] }), RPC_ERROR.params],
    [line({ id: 1, method: 'process.stop', params: { names: [], now: false } }), RPC_ERROR.params],
    [line({ id: 1, method: 'process.stop', params: { names: 'web', now: false } }), RPC_ERROR.params],
    [line({ id: 1, method: 'process.wait', params: { names: ['web'], timeoutMs: -1 } }), RPC_ERROR.params],
  ])('%j is refused with %i', (text, code) => {
    expect(refusalOf(text)).toBe(code);
  });

  it('is answered under its own id as soon as that is known', () => {
    expect(idOf(line({ id: 'x', method: 'no.such' }))).toBe('x');
    expect(idOf(line({ id: 7, method: 'process.stop' }))).toBe(7);
    expect(idOf('{"id":7')).toBeNull();
  });

  it('is not even read when it is nested too deeply, but brackets in text are no nesting', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(parseRequest(nested(2_000_000))).toMatchObject({ error: { message: 'nested too deeply' } });
    expect(parseRequest('{"a":'.repeat(500_000))).toMatchObject({ error: { message: 'nested too deeply' } });
    expect(refusalOf(nested(16))).toBe(RPC_ERROR.invalid);
    expect(
      refusalOf(line({ id: 1, method: 'process.stop', params: { names: ['[{"\\['.repeat(20)], now: false } })),
    ).toBeUndefined();
  });

  it('cannot name what every object has', () => {
    const parsed = parseRequest(
      '{"jsonrpc":"2.0","id":1,"method":"process.list","params":{"wide":true,"__proto__":{"a":1}}}',
    );
    expect(parsed).toMatchObject({ request: { params: { wide: true } } });
    expect(({} as Record<string, unknown>).a).toBeUndefined();
  });
});
