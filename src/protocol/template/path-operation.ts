/** What a replacement string takes of its value: nothing off, or a part of it as a path. */
export type PathOperation = '' | '.' | '/' | '//' | '/.';

/** `a/b.c.d` becomes `a/b.c`. A name that begins with its only dot has nothing but an extension, as for GNU parallel. */
const withoutExtension = (path: string): string => {
  const dot = path.lastIndexOf('.');
  return dot === -1 || dot === path.length - 1 || path.includes('/', dot) ? path : path.slice(0, dot);
};

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** As dirname(1): `.` where there is no directory, slashes at the end of it do not count. */
const directoryName = (path: string): string => {
  const whole = path.replace(/\/+$/, '');
  if (whole === '') return path === '' ? '.' : '/';
  const slash = whole.lastIndexOf('/');
  if (slash === -1) return '.';
  return whole.slice(0, slash).replace(/\/+$/, '') || '/';
};

/** Applies `{.}`, `{/}`, `{//}` or `{/.}` to one value, by the rules of GNU parallel; `''` leaves it as it is. */
export const applyOperation = (value: string, operation: PathOperation): string => {
  switch (operation) {
    case '':
      return value;
    case '.':
      return withoutExtension(value);
    case '/':
      return baseName(value);
    case '//':
      return directoryName(value);
    case '/.':
      return withoutExtension(baseName(value));
    default:
      return operation satisfies never;
  }
};
