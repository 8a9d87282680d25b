import { describe, expect, it } from 'vitest';
import { parseSections } from '../../../src/protocol/arguments/sections.ts';

const words = (...given: string[]) => ({ kind: 'words', words: given });
const file = (name: string) => ({ kind: 'file', file: name });

describe('the words behind --', () => {
  it.each([
    ['echo {}', ['echo', '{}'], []],
    ['echo ::: a b', ['echo'], [[words('a', 'b')]]],
    ['echo :::', ['echo'], [[words()]]],
    ['::: a', [], [[words('a')]]],
    ['echo ::: a ::: 1 2', ['echo'], [[words('a')], [words('1', '2')]]],
    ['echo :::: f g', ['echo'], [[file('f')], [file('g')]]],
    ['echo :::: - ::: a', ['echo'], [[file('-')], [words('a')]]],
    ['echo ::: a :::+ 1 ::: X', ['echo'], [[words('a'), words('1')], [words('X')]]],
    ['echo ::: a ::::+ f :::+ x', ['echo'], [[words('a'), file('f'), words('x')]]],
    ['echo -- -n ::: --', ['echo', '--', '-n'], [[words('--')]]],
  ])('%j are a template and its sources', (text, template, groups) => {
    expect(parseSections(text.split(' '))).toEqual({ template, groups });
  });

  it.each([
    ['echo :::+ a', /:::\+ links to the source before it, and there is none/],
    ['echo ::: a ::::', /:::: needs a file/],
    ['echo :::: - -', /standard input can be one source only/],
  ])('%j make no sense', (text, message) => {
    expect(() => parseSections(text.split(' '))).toThrow(message);
  });
});
