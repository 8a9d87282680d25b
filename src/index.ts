export { activeChildren } from './api/active-children.ts';
export { cpuCount, currentProcess, type ProcessInfo, parentProcess } from './api/current.ts';
export type { WaitOptions } from './api/options.ts';
export { Process, type ProcessState } from './api/process.ts';
export type { ProcessOptions, ProcessSettings } from './api/process-options.ts';
export {
  type ErrorCode,
  EXIT,
  type LostWorker,
  PoolClosedError,
  ProcctlError,
  QueueClosedError,
  QueueEmptyError,
  QueueFullError,
  SerializationError,
  TargetError,
  TimeoutError,
  WorkerLostError,
} from './errors.ts';
export type { AnyFunction, ModuleTarget, Target } from './protocol/target.ts';
