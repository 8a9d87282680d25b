export { listProcesses } from './access.ts';
