export { NdjsonTasks } from './ndjson-tasks.ts';
export { parseTasksDocument } from './tasks-document.ts';
