// What `ps` needs on a terminal only: widths, colours, and the painter for `--watch`.
export { renderProcessScreen } from '../render/process-screen.ts';
export { Painter } from './painter.ts';
