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
