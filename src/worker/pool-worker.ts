import type { PoolWorkerStart } from '../protocol/worker-frames.ts';
import type { WorkerChannel } from './channel.ts';

export class PoolWorker {
  constructor(readonly channel: WorkerChannel) {}
  async begin(_start: PoolWorkerStart): Promise<void> {}
  onFrame(_type: number, _body: Buffer): void {}
}
