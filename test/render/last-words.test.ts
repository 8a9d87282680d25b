import { describe, expect, it } from 'vitest';
import { lastWords } from '../../src/render/last-words.ts';

const lines = (text: string) => text.split('\n');

describe('the last words of a program', () => {
  it('are the error of a crashed Node, not the stack, the object or the version after it', () => {
    const crash = `node:events:495
      throw er; // Unhandled 'error' event
      ^

Error: listen EADDRINUSE: address already in use :::8080
    at Server.setupListenHandle [as _listen2] (node:net:1817:16)
Emitted 'error' event on Server instance at:
    at emitErrorNT (node:net:1796:8) {
  code: 'EADDRINUSE',
  port: 8080
}

Node.js v20.12.0
`;
    expect(lastWords(lines(crash))).toBe('Error: listen EADDRINUSE: address already in use :::8080');
  });

  it('are the error of a crashed Python, of a shell, of a server that logs on', () => {
    const python = 'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\nValueError: no value';
    expect(lastWords(lines(python))).toBe('ValueError: no value');
    expect(lastWords(lines('sh: 1: nosuch: not found\n\n'))).toBe('sh: 1: nosuch: not found');
    expect(lastWords(lines('[emerg] bind() to 0.0.0.0:80\n[notice] bye'))).toBe('[emerg] bind() to 0.0.0.0:80');
  });

  it('are the last of several complaints', () => {
    expect(lastWords(['Error: first', 'Error: second', 'bye'])).toBe('Error: second');
  });

  it('are whatever there is, and nothing when there is nothing', () => {
    expect(lastWords(['}', '  at the end  '])).toBe('at the end');
    expect(lastWords(['', '  '])).toBeUndefined();
    expect(lastWords([])).toBeUndefined();
  });
});
