// Peers are installed beside the repository, not in it: bench/setup.sh.
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const folder =
  process.env.PROCCTL_BENCH_PEERS ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'procctl-bench');

export const load = (name) => import(pathToFileURL(createRequire(join(folder, 'package.json')).resolve(name)).href);
