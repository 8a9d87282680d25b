// All objects that cross between processes by reference have to be known before one comes.
import './barrier.ts';
import './condition.ts';
import './event.ts';
import './lock.ts';
import './pipe.ts';
import './queue.ts';
import './simple-queue.ts';

export { restoreHandle } from './shared-objects.ts';
