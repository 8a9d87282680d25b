/** A reader that went away, as `| head` does: of a pipe, or of a socket that still held something for it. */
export const isReaderGone = ({ code }: NodeJS.ErrnoException): boolean => code === 'EPIPE' || code === 'ECONNRESET';
