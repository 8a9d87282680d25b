export { type ErrorCode, EXIT, ProcctlError } from './errors.ts';
