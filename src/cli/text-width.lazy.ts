import stringWidth from 'string-width';

/** Places a text takes in a terminal. */
export const textWidth = (text: string): number => stringWidth(text);
