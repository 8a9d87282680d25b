export { renderTimeline } from '../../render/journal-timeline.ts';
export { replaceWith } from '../../runtime/journal/replace-file.ts';
