// Function tasks and their answers, between `procctl pool` (or `procctl worker`) and a worker of its.

/** Of what a task is told about itself in its environment: the values travel in this order. */
export const TASK_VARIABLES = [
  'PROCCTL_TASK_ID',
  'PROCCTL_TASK_SEQ',
  'PROCCTL_SLOT',
  'PROCCTL_ATTEMPT',
  'PROCCTL_MARK',
] as const;

/** @param first number of the first; the others follow. @param values one for each task */
export const tasksBody = (first: number, values: readonly Uint8Array[]): Buffer => {
  const body = Buffer.allocUnsafe(values.reduce((sum, { length }) => sum + 4 + length, 4));
  body.writeUInt32LE(first, 0);
  let at = 4;
  for (const value of values) {
    body.writeUInt32LE(value.length, at);
    body.set(value, at + 4);
    at += 4 + value.length;
  }
  return body;
};

/** @throws RangeError when it is no message of tasks */
export const readTasks = (body: Buffer): { readonly first: number; readonly values: readonly Buffer[] } => {
  const values: Buffer[] = [];
  for (let at = 4; at < body.length; ) {
    const end = at + 4 + body.readUInt32LE(at);
    if (end > body.length) throw new RangeError('a task beyond its message');
    values.push(body.subarray(at + 4, end));
    at = end;
  }
  return { first: body.readUInt32LE(0), values };
};

/** Tasks that their worker has not begun, and will not: it may have later ones. */
export interface TasksBack {
  /** Number of the first. */
  readonly first: number;
  readonly last: number;
}

export const tasksBackBody = ({ first, last }: TasksBack): Buffer => {
  const body = Buffer.allocUnsafe(8);
  body.writeUInt32LE(first, 0);
  body.writeUInt32LE(last, 4);
  return body;
};

/** @throws RangeError when it is no such message */
export const readTasksBack = (body: Buffer): TasksBack => ({ first: body.readUInt32LE(0), last: body.readUInt32LE(4) });

export const ANSWER_HEADER_BYTES = 13;

export interface AnswerHeader {
  /** Of the task. */
  readonly number: number;
  /** What the call took, ms. */
  readonly elapsedMs: number;
  /** The mark that ends what it wrote is in both of its outputs. */
  readonly isMarked: boolean;
}

/** What stands before the value of an answer. */
export const answerHeader = ({ number, elapsedMs, isMarked }: AnswerHeader): Buffer => {
  const header = Buffer.allocUnsafe(ANSWER_HEADER_BYTES);
  header.writeUInt32LE(number, 0);
  header.writeDoubleLE(elapsedMs, 4);
  header[12] = isMarked ? 1 : 0;
  return header;
};

/** @throws RangeError when there is none */
export const readAnswerHeader = (body: Buffer): AnswerHeader => {
  const elapsedMs = body.readDoubleLE(4);
  if (!(elapsedMs >= 0)) throw new RangeError('no time that anything takes');
  return { number: body.readUInt32LE(0), elapsedMs, isMarked: body.readUInt8(12) === 1 };
};
