export { renderJournalScreen } from '../../render/journal-screen.ts';
