import { exitStatusOfSignal } from '../exit-status.ts';

/** The same wherever there are signals; loading node:os to ask would cost every command 0.1 ms. */
const SIGPIPE = 13;

/** The exit status when nobody reads any more: that of any program that SIGPIPE ends. */
export const READER_GONE = exitStatusOfSignal(SIGPIPE);

/** A reader that went away, as `| head` does: of a pipe, or of a socket that still held something for it. */
export const isReaderGone = ({ code }: NodeJS.ErrnoException): boolean => code === 'EPIPE' || code === 'ECONNRESET';
