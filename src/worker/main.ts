// What a process that was started by the library runs: it hears who it is and what to do, and does it.
import { restoreHandle } from '../api/handles.ts';
import { becomeWorker } from '../api/identity.ts';
import { decodeValue } from '../protocol/values/codec.ts';
import { FROM_WORKER, type Identity, TO_WORKER, type WorkerStart } from '../protocol/worker-frames.ts';
import { WorkerChannel } from './channel.ts';
import { encodeError } from './encode-error.ts';
import { writeThrough } from './own-outputs.ts';
import { PoolWorker } from './pool-worker.ts';
import { runProcess } from './run-process.ts';
import { TaskWorker } from './task-worker.ts';

/** A daemon that has not ended when its parent has is ended by the parent's guard; this is for where there is none. */
const leaveWithParent = (): void => {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), 1000).unref();
};

let identity: Identity | undefined;
let worker: PoolWorker | TaskWorker | undefined;

const begin = (body: Buffer): void => {
  let start: WorkerStart;
  try {
    start = decodeValue(body, restoreHandle) as WorkerStart;
  } catch (error) {
    channel.send(FROM_WORKER.cannotLoad, encodeError(error));
    process.exit(1);
  }
  identity = start.identity;
  becomeWorker(identity);
  writeThrough(start.ownOutputs);
  if (start.kind === 'process') {
    channel.ref(false);
    void runProcess(start, channel);
  } else if (start.kind === 'task-worker') {
    worker = new TaskWorker(channel, start.mark);
  } else {
    const poolWorker = new PoolWorker(channel);
    worker = poolWorker;
    void poolWorker.begin(start);
  }
};

const channel = new WorkerChannel({
  onFrame: (type, body) => {
    if (type === TO_WORKER.start) begin(body);
    else worker?.onFrame(type, body);
  },
  onEnd: () => {
    if (identity === undefined || identity.daemon) leaveWithParent();
  },
});
