import stringWidth from 'string-width';

const segmenter = new Intl.Segmenter();
const ASCII = /^[ -~]*$/;

/**
 * Plain printable text in at most `width` (at least 1) terminal cells, cut with `…`.
 * Cuts between what a person sees as characters; slice-ansi 7 cuts between code points, and so inside an emoji.
 */
export const cutToWidth = (text: string, width: number): string => {
  if (ASCII.test(text)) return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
  let used = 0;
  let keep = 0;
  for (const { segment, index } of segmenter.segment(text)) {
    if (used < width) keep = index;
    used += stringWidth(segment);
    if (used > width) return `${text.slice(0, keep)}…`;
  }
  return text;
};
