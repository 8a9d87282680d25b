// All objects that cross between processes by reference have to be known before one comes.
import './barrier.ts';
import './condition.ts';
import './event.ts';
import './lock.ts';
import './queue.ts';

export { restoreHandle } from './shared-objects.ts';
