import { shellLines } from '../lib/shell-lines.mjs';

export default {
  ...shellLines(
    'shell-builtin',
    'echo hi',
    'A line the shell can do by itself: xargs has to start a shell for each, procctl has one already.',
  ),
  goals: [{ text: 'at least 2 × xargs sh -c', way: 'procctl pool', against: 'xargs -P4 sh -c', atLeast: 2 }],
};
