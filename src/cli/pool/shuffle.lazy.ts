export { shuffled } from '../../runtime/pool/batches.ts';
