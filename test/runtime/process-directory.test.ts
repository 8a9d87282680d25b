import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newLife } from '../../src/core/process/life.ts';
import type { ProcessStatus } from '../../src/protocol/process-status.ts';
import { bootId } from '../../src/runtime/family/proc.ts';
import { FIRST_FILES, type FirstFiles } from '../../src/runtime/supervise/first-files.ts';
import { firstFiles, ProcessDirectory } from '../../src/runtime/supervise/process-directory.ts';
import { scratch } from '../helpers/procctl.ts';
import { specOf } from '../helpers/shim.ts';

const SPECS = [1, 2, 3].map((id) =>
  specOf({ argv: ['sleep'], id, group: 'web', name: `web-${id + 4}`, instance: id + 4 }),
);
const STATUS: ProcessStatus = { life: newLife(), shim: null, generation: 1, bootId: bootId(), seen: [] };

const open = (): { directories: ProcessDirectory[]; files: FirstFiles } => {
  const processes = scratch();
  return {
    directories: SPECS.map(({ id }) => new ProcessDirectory(processes, id)),
    files: firstFiles(SPECS, STATUS, Buffer.from('exec true\n')),
  };
};

describe('the directories of instances', () => {
  it('share their first files, and each has its own spec', () => {
    const { directories, files } = open();
    for (const directory of directories) directory.create(files);
    expect(files.written).toEqual(FIRST_FILES.map((name) => directories[0]?.file(name)));
    for (const name of FIRST_FILES) {
      expect(new Set(directories.map((directory) => statSync(directory.file(name)).ino)).size).toBe(1);
    }
    for (const [index, directory] of directories.entries()) {
      expect(directory.read()).toMatchObject({ spec: SPECS[index], status: STATUS, damage: [] });
    }
  });

  it('go their own ways: the status of one is not that of another, nor of one that is made later', () => {
    const { directories, files } = open();
    const [first, second, third] = directories as [ProcessDirectory, ProcessDirectory, ProcessDirectory];
    first.create(files);
    second.create(files);
    files.leave();
    first.writeStatus({ ...STATUS, generation: 2 }, { sync: false });
    third.create(files);
    expect(directories.map((directory) => directory.read()?.status.generation)).toEqual([2, 1, 1]);
    expect(files.written).toEqual([...FIRST_FILES.map((name) => first.file(name)), third.file('status.json')]);
  });

  it('have files of their own where they cannot be linked, and the others know nothing of one that was removed', () => {
    const { directories, files } = open();
    const [first, second, third] = directories as [ProcessDirectory, ProcessDirectory, ProcessDirectory];
    first.create(files);
    rmSync(first.path, { recursive: true });
    second.create(files);
    expect(files.written).toEqual([first, second].flatMap((one) => FIRST_FILES.map((name) => one.file(name))));
    third.create(files);
    second.remove();
    expect(third.read()).toMatchObject({ spec: SPECS[2], damage: [] });
  });

  it('say whose spec was put in the wrong place, and set one aside without touching the others', () => {
    const { directories, files } = open();
    const [first, second, third] = directories as [ProcessDirectory, ProcessDirectory, ProcessDirectory];
    for (const directory of directories) directory.create(files);
    const alone = firstFiles([specOf({ argv: ['true'], id: 9 })], STATUS, Buffer.from(''));
    rmSync(second.path, { recursive: true });
    second.create(alone);
    expect(second.read()).toMatchObject({ spec: { name: 'damaged-2' }, damage: ['spec.json'] });
    third.setAside('spec.json');
    third.replaceSpec(specOf({ argv: ['true'], id: 3 }));
    expect(third.read()).toMatchObject({ spec: { argv: ['true'] }, damage: [] });
    expect(first.read()).toMatchObject({ spec: SPECS[0], damage: [] });
  });

  it('leave nothing behind when they cannot be made', () => {
    const { directories, files } = open();
    const [first] = directories as [ProcessDirectory];
    writeFileSync(first.path, 'in the way');
    expect(() => first.create(files)).toThrow();
    expect(readFileSync(first.path, 'utf8')).toBe('in the way');
    expect(() => statSync(join(first.path, '..', '.new-1'))).toThrow('ENOENT');
  });
});
