import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ProcctlError } from '../errors.ts';
import { show } from '../protocol/show.ts';

/** Who a process runs as. */
export interface UserIdentity {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Home directory; null for a number without an entry. */
  readonly home: string | null;
}

/** Where users and groups are looked up; both answers are lines as in passwd(5) and group(5). */
export interface UserDatabase {
  readonly passwd: () => string;
  readonly group: () => string;
  /** One entry from directories other than these files (LDAP …), or ''. */
  readonly ask: (database: 'passwd' | 'group', key: string) => string;
}

export const systemUsers: UserDatabase = {
  passwd: () => readFileSync('/etc/passwd', 'utf8'),
  group: () => readFileSync('/etc/group', 'utf8'),
  ask: (database, key) => {
    if (!/^[^-]/.test(key)) return ''; // no option of getent
    try {
      return execFileSync('getent', [database, key], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    } catch {
      return ''; // no such entry, or no getent
    }
  },
};

const MAX_ID = 2 ** 32 - 2; // the number above it means "no change" to setuid(2)

const idOf = (text: string): number | undefined =>
  /^\d{1,10}$/.test(text) && Number(text) <= MAX_ID ? Number(text) : undefined;

/** The fields of an entry, by name first and then by number, as chown(1) does. */
const entryOf = (key: string, database: 'passwd' | 'group', users: UserDatabase): readonly string[] | undefined => {
  const search = (text: string): readonly string[] | undefined => {
    const entries = text.split('\n').map((line) => line.split(':'));
    const id = idOf(key);
    const isComplete = (fields: readonly string[]): boolean => idOf(fields[2] ?? '') !== undefined;
    return (
      entries.find((fields) => fields[0] === key && isComplete(fields)) ??
      entries.find((fields) => id !== undefined && isComplete(fields) && Number(fields[2]) === id)
    );
  };
  return search(users[database]()) ?? search(users.ask(database, key));
};

const groupOf = (key: string, users: UserDatabase): number => {
  const gid = idOf(entryOf(key, 'group', users)?.[2] ?? key);
  if (gid !== undefined && key !== '') return gid;
  throw new ProcctlError('ERR_USAGE', `no group ${show(key)}`, { hint: 'write --user user:group, names or numbers' });
};

/**
 * Reads `--user name|uid[:group|gid]`. Without a group it is the user's own.
 *
 * @throws ProcctlError ERR_USAGE for an unknown user or group, and for a number without an entry and without a group
 */
export const findUser = (text: string, users: UserDatabase = systemUsers): UserIdentity => {
  const end = text.indexOf(':');
  const key = end === -1 ? text : text.slice(0, end);
  const group = end === -1 ? undefined : text.slice(end + 1);
  const [name, , uid, gid, , home] = entryOf(key, 'passwd', users) ?? [];
  if (name !== undefined) {
    return {
      name,
      uid: Number(uid),
      gid: group === undefined ? Number(gid) : groupOf(group, users),
      home: home === undefined || home === '' ? null : home,
    };
  }
  const id = idOf(key);
  if (id === undefined) throw new ProcctlError('ERR_USAGE', `no user ${show(key)}`);
  if (group !== undefined) return { name: key, uid: id, gid: groupOf(group, users), home: null };
  throw new ProcctlError('ERR_USAGE', `the user ${key} has no entry, and so no group of its own`, {
    hint: `say the group as well: --user ${key}:GROUP`,
  });
};
