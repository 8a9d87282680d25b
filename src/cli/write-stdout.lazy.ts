export { writeStdout } from './write-stdout.ts';
