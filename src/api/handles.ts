// All objects that cross between processes by reference have to be known before one comes.
import './queue.ts';

export { restoreHandle } from './shared-objects.ts';
