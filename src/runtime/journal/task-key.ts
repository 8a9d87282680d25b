import * as crypto from 'node:crypto';
import type { TaskSpec } from '../../core/pool/task.ts';
import { taskContent } from '../../protocol/journal/task-content.ts';

const sha256 = (content: string | Uint8Array): string => crypto.hash('sha256', content, 'hex');

/** The key of a task: SHA-256 of what it is, in hexadecimal. */
export const taskKey = (task: TaskSpec, directory: string): string => sha256(taskContent(task, directory, sha256));
