import type { ProcessView } from '../protocol/process-view.ts';
import { homeExists, locateHome } from '../runtime/home.ts';
import { say } from './tell.ts';

let isTold = false;

/** Says, once, that what is shown does not come from the daemon. */
export const tellOffline = (why: string): void => {
  if (!isTold) say(`${why}; this is what the disk and the kernel say`);
  isTold = true;
};

/** The processes that the disk knows of. */
export const listOffline = async ({ wide }: { readonly wide: boolean }): Promise<readonly ProcessView[]> => {
  const home = locateHome();
  if (!homeExists(home)) return [];
  const { viewOffline } = await import('./offline.lazy.ts');
  return viewOffline(home, { wide });
};
