// Methods of Buffer that skip the look-up of an encoding by its name; Node has them for its own use, without types.

export interface RawText {
  latin1Write(text: string, at: number, bytes: number): number;
  ucs2Write(text: string, at: number, bytes: number): number;
  latin1Slice(from: number, to: number): string;
  ucs2Slice(from: number, to: number): string;
}

export type TextBuffer = Buffer & RawText;

const BEYOND_LATIN1 = /[^\x00-\xff]/;

/** Whether each of its UTF-16 units fits a byte. */
export const isLatin1 = (text: string): boolean => !BEYOND_LATIN1.test(text);
