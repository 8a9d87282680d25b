import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Home } from '../home.ts';

/** Text that only this home has, for the marks of its processes; made when it is first asked for. */
export const homeMarkOf = (home: Home): string => {
  const file = join(home.path, 'mark');
  const known = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  if (/^[0-9a-f]{16}$/.test(known)) return known;
  const mark = randomBytes(8).toString('hex');
  writeFileSync(file, `${mark}\n`, { mode: 0o600 });
  return mark;
};
