import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyOperation } from '../../../src/protocol/template/path-operation.ts';

describe('the parts of a path', () => {
  // What GNU parallel 20221122 gives: {.} {/} {//} {/.}
  it.each([
    ['a/b.c.d', 'a/b.c', 'b.c.d', 'a', 'b.c'],
    ['foo', 'foo', 'foo', '.', 'foo'],
    ['.hid', '', '.hid', '.', ''],
    ['a.b/c', 'a.b/c', 'c', 'a.b', 'c'],
    ['/x.y', '/x', 'x.y', '/', 'x'],
    ['a/.b', 'a/', '.b', 'a', ''],
    ['a.', 'a.', 'a.', '.', 'a.'],
    ['/', '/', '', '/', ''],
    ['a/', 'a/', '', '.', ''],
    ['//', '//', '', '/', ''],
    ['a/b/', 'a/b/', '', 'a', ''],
    ['../x.y', '../x', 'x.y', '..', 'x'],
    ['.', '.', '.', '.', '.'],
    ['a//b', 'a//b', 'b', 'a', 'b'],
    ['a/b//', 'a/b//', '', 'a', ''],
    ['', '', '', '.', ''],
    ['a\nb/c\nd.e', 'a\nb/c\nd', 'c\nd.e', 'a\nb', 'c\nd'],
  ])('of %j are those of GNU parallel', (path, noExtension, name, directory, bareName) => {
    expect(applyOperation(path, '.')).toBe(noExtension);
    expect(applyOperation(path, '/')).toBe(name);
    expect(applyOperation(path, '//')).toBe(directory);
    expect(applyOperation(path, '/.')).toBe(bareName);
    expect(applyOperation(path, '')).toBe(path);
  });

  it('make the path again where it has a directory and a name', () => {
    const segment = fc.string({ minLength: 1 }).filter((text) => !text.includes('/'));
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1 }), segment, (directories, name) => {
        const path = `${directories.join('/')}/${name}`;
        expect(`${applyOperation(path, '//')}/${applyOperation(path, '/')}`).toBe(path);
        expect(path.startsWith(applyOperation(path, '.'))).toBe(true);
      }),
    );
  });
});
