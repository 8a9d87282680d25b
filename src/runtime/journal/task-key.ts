import * as crypto from 'node:crypto';
import type { TaskSpec } from '../../core/pool/task.ts';
import { taskContent } from '../../protocol/journal/task-content.ts';

/** The key of a task: SHA-256 of what it is, in hexadecimal. */
export const taskKey = (task: TaskSpec, directory: string): string =>
  crypto.hash('sha256', taskContent(task, directory), 'hex');
