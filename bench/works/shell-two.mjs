import { shellLines } from '../lib/shell-lines.mjs';

export default shellLines(
  'shell-two',
  '/bin/true x; echo hi',
  'A program, then something the shell does by itself: one fork and exec for procctl, two for xargs.',
);
