import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ProcctlError } from '../../src/errors.ts';
import { findUser, systemUsers, type UserDatabase } from '../../src/runtime/user.ts';

const users: UserDatabase = {
  passwd: () =>
    'root:x:0:0:root:/root:/bin/sh\n# no entry\nweb:x:33:34:Web:/srv/web:/bin/false\n1001:x:7:7::/odd:\nbad:x:x:x\nhomeless:x:8:8\n',
  group: () => 'root:x:0:\nstaff:x:50:web,root\nempty::60:\n',
  ask: (database, key) =>
    `${database} ${key}` === 'passwd ldap' ? 'ldap:*:5000:5001:Far Away:/home/ldap:/bin/sh\n' : '',
};

describe('--user', () => {
  it.each([
    ['web', { name: 'web', uid: 33, gid: 34, home: '/srv/web' }],
    ['33', { name: 'web', uid: 33, gid: 34, home: '/srv/web' }],
    ['web:staff', { name: 'web', uid: 33, gid: 50, home: '/srv/web' }],
    ['33:50', { name: 'web', uid: 33, gid: 50, home: '/srv/web' }],
    ['web:777', { name: 'web', uid: 33, gid: 777, home: '/srv/web' }],
    ['4242:staff', { name: '4242', uid: 4242, gid: 50, home: null }],
    ['0', { name: 'root', uid: 0, gid: 0, home: '/root' }],
    ['ldap', { name: 'ldap', uid: 5000, gid: 5001, home: '/home/ldap' }],
    ['homeless', { name: 'homeless', uid: 8, gid: 8, home: null }],
  ])('%s is found', (text, identity) => expect(findUser(text, users)).toEqual(identity));

  it('takes a name of digits for a name first, as chown does', () => {
    expect(findUser('1001', users)).toMatchObject({ uid: 7, home: '/odd' });
  });

  it.each([
    ['nobodyhere', 'no user "nobodyhere"'],
    ['', 'no user ""'],
    ['bad', 'no user "bad"'],
    ['-5', 'no user "-5"'],
    ['4294967295:0', 'no user "4294967295"'],
    ['4242', 'the user 4242 has no entry, and so no group of its own'],
    ['web:nosuch', 'no group "nosuch"'],
    ['web:', 'no group ""'],
    ['# no entry', 'no user "# no entry"'],
  ])('%j is refused: %s', (text, message) => {
    expect(() => findUser(text, users)).toThrow(ProcctlError);
    expect(() => findUser(text, users)).toThrow(message);
  });

  it('reads the files of the system', () => {
    const [name = '', , uid, gid] = readFileSync('/etc/passwd', 'utf8').split('\n')[0]?.split(':') ?? [];
    expect(findUser(name)).toMatchObject({ name, uid: Number(uid), gid: Number(gid) });
    expect(systemUsers.ask('passwd', '--help')).toBe('');
    expect(() => findUser('no-such-user-here')).toThrow('no user "no-such-user-here"');
  });
});
