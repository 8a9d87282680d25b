export { activeChildren } from './api/active-children.ts';
export { AsyncResult } from './api/async-result.ts';
export { Barrier } from './api/barrier.ts';
export { Condition } from './api/condition.ts';
export { cpuCount, currentProcess, type ProcessInfo, parentProcess } from './api/current.ts';
export { Event } from './api/event.ts';
export { BoundedSemaphore, Lock, RLock, Semaphore } from './api/lock.ts';
export type { WaitOptions } from './api/options.ts';
export { type Connection, Pipe } from './api/pipe.ts';
export { Pool, type PoolStats } from './api/pool.ts';
export type { LocalPoolOptions, MapOptions, PoolOptions, RemotePoolOptions, RunOptions } from './api/pool-options.ts';
export { Process, type ProcessState } from './api/process.ts';
export type { ProcessOptions, ProcessSettings } from './api/process-options.ts';
export { JoinableQueue, Queue } from './api/queue.ts';
export type { LocalQueueOptions, QueueOptions, RemoteQueueOptions } from './api/queue-options.ts';
export { SimpleQueue } from './api/simple-queue.ts';
export type { Delivery } from './core/queue/events.ts';
export {
  BrokenBarrierError,
  type ErrorCode,
  EXIT,
  type LostWorker,
  PoolClosedError,
  ProcctlError,
  QueueClosedError,
  QueueEmptyError,
  QueueFullError,
  RemoteError,
  SerializationError,
  TargetError,
  TimeoutError,
  WorkerLostError,
} from './errors.ts';
export type { AnyFunction, ModuleTarget, Target } from './protocol/target.ts';
