import type { FunctionCommand } from '../../core/pool/task.ts';
import { CALL } from '../../protocol/calls.ts';
import { exactJson } from '../../protocol/exact-json.ts';
import { decodeValueAt } from '../../protocol/values/codec.ts';
import type { RestoreHandle } from '../../protocol/values/handle.ts';
import { assertRemoteHandle, ReachableHandle } from '../../protocol/values/remote-handle.ts';
import type { TargetOnWire } from '../../protocol/worker-frames.ts';
import type { Call } from '../workers/call.ts';

const KINDS = { [CALL.single]: 'single', [CALL.map]: 'map', [CALL.starmap]: 'starmap', [CALL.each]: 'each' } as const;

const checkHandle: RestoreHandle = (description) => {
  assertRemoteHandle(description, 'args');
  return new ReachableHandle();
};

/**
 * What a worker elsewhere has to do for a call.
 *
 * @param moduleName of a module as the job names it
 * @throws SerializationError when an argument can be reached on this machine only
 */
export const commandOf = (
  call: Call,
  moduleName: (target: Extract<TargetOnWire, { kind: 'module' }>) => string,
): FunctionCommand => {
  const { target } = call.target;
  const args = decodeValueAt(call, checkHandle) as unknown[];
  const isJson = exactJson(args) !== undefined;
  return {
    kind: 'function',
    ...(target.kind === 'source'
      ? { module: '', exportName: target.name }
      : { module: moduleName(target), exportName: target.exportName }),
    args: isJson ? args : [],
    call: {
      kind: KINDS[call.kind],
      ...(target.kind === 'source' && { source: target.source }),
      ...(!isJson && { value: Buffer.from(call.bytes.subarray(call.start, call.end)) }),
    },
  };
};
