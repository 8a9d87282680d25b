export { openPoolJournal } from './pool-journal.ts';
