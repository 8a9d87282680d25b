export { plannedTasks } from './planned-tasks.ts';
export { openPoolJournal } from './pool-journal.ts';
