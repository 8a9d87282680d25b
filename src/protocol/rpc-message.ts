// The messages of JSON-RPC 2.0 that we use (https://www.jsonrpc.org/specification): requests with an id, and their
// answers. Light: clients load it, without the schemas.
import type { ErrorCode } from '../errors.ts';

export const RPC_ERROR = {
  parse: -32700,
  invalid: -32600,
  noMethod: -32601,
  params: -32602,
  internal: -32603,
  ours: -32000,
} as const;

export interface RpcError {
  readonly code: number;
  readonly message: string;
  /** For an error of ours: its stable code, and the way out. */
  readonly data?: { readonly code: ErrorCode; readonly hint?: string };
}

export type RpcId = number | string | null;

export const requestLine = (id: number, method: string, params: unknown): string =>
  `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`;

export const resultLine = (id: RpcId, result: unknown): string => `${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`;

export const errorLine = (id: RpcId, error: RpcError): string => `${JSON.stringify({ jsonrpc: '2.0', id, error })}\n`;

export interface RpcAnswer {
  readonly id: RpcId;
  readonly result?: unknown;
  readonly error?: RpcError;
}
