import { type Method, PARAMS, type ParamsOf } from '../protocol/rpc.ts';
import { RPC_ERROR, type RpcError, type RpcId } from '../protocol/rpc-message.ts';
import { showPath } from '../protocol/show.ts';
import type { Problem } from '../protocol/task-schema.ts';

/** A checked request. */
export type Request = {
  readonly [M in Method]: { readonly id: RpcId; readonly method: M; readonly params: ParamsOf<M> };
}[Method];

type Parsed = { readonly request: Request } | { readonly id: RpcId; readonly error: RpcError };

/** Deeper than any request of ours; deeper nesting only costs memory. */
const MAX_DEPTH = 16;

const isTooDeep = (text: string): boolean => {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (isInString) {
      if (code === 0x5c) at += 1;
      else if (code === 0x22) isInString = false;
    } else if (code === 0x22) isInString = true;
    else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > MAX_DEPTH) return true;
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return false;
};

const refusal = (id: RpcId, code: number, message: string): Parsed => ({ id, error: { code, message } });

const isMethod = (method: unknown): method is Method => typeof method === 'string' && Object.hasOwn(PARAMS, method);

/** Reads one line as a request, by the schemas of `protocol/rpc.ts`. */
export const parseRequest = (line: string): Parsed => {
  if (isTooDeep(line)) return refusal(null, RPC_ERROR.parse, 'nested too deeply');
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch {
    return refusal(null, RPC_ERROR.parse, 'not JSON');
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    return refusal(null, RPC_ERROR.invalid, 'not a JSON-RPC 2.0 request');
  }
  const { jsonrpc, id, method, params } = message as Record<string, unknown>;
  const ownId: RpcId = typeof id === 'number' || typeof id === 'string' ? id : null;
  if (jsonrpc !== '2.0' || ownId === null)
    return refusal(ownId, RPC_ERROR.invalid, 'not a JSON-RPC 2.0 request with an id');
  if (!isMethod(method)) return refusal(ownId, RPC_ERROR.noMethod, `no method ${JSON.stringify(method)?.slice(0, 60)}`);
  const checked = PARAMS[method].safeParse(params ?? {});
  if (!checked.success) {
    const issue = checked.error.issues[0] as Problem | undefined;
    return refusal(
      ownId,
      RPC_ERROR.params,
      `params.${showPath(issue?.path ?? [])}: ${issue?.message ?? 'not as expected'}`,
    );
  }
  return { request: { id: ownId, method, params: checked.data } as Request };
};
