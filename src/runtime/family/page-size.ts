import { readProc } from './proc.ts';

let pageBytes: number | undefined;

/** Bytes of so many pages of memory. Node does not tell the size of a page; what it says of its own memory does. */
export const bytesOfPages = (pages: number): number => {
  if (pageBytes === undefined) {
    const own = readProc(process.pid)?.rssPages ?? 0;
    pageBytes = own === 0 ? 4096 : 2 ** Math.round(Math.log2(process.memoryUsage.rss() / own));
  }
  return pages * pageBytes;
};
