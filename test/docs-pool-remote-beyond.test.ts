// The page on plans past a few machines: its files have their form, and what they say to procctl is what procctl understands.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_QUEUE, keysOf } from '../src/protocol/remote/keys.ts';
import { readYaml, type Yaml } from './helpers/plain-yaml.ts';
import { runProcctl, scratch } from './helpers/procctl.ts';

const page = readFileSync(new URL('../docs/pool-remote-beyond.md', import.meta.url), 'utf8');
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, text]) => text as string);

type Map = { [key: string]: Yaml };
const documents = blocks('yaml').flatMap((text) => readYaml(text)) as Map[];
const ofKind = (kind: string): Map => documents.find((document) => document.kind === kind) as Map;
const at = (value: Yaml, ...path: readonly (string | number)[]): Yaml =>
  path.reduce((found, key) => (found as Map)[key] as Yaml, value);

const secondsOf = (text: string): number => {
  const [, number, unit] = /^(\d+)(s|m|min)?$/.exec(text) as unknown as [string, string, string?];
  return Number(number) * (unit === undefined || unit === 's' ? 1 : 60);
};
const wordAfter = (words: readonly string[], flag: string): string => words[words.indexOf(flag) + 1] as string;

/** Nobody listens there, so a command that has understood its words ends with 125. */
const NOWHERE = 'redis://127.0.0.1:1';
const elsewhere = (words: readonly string[]): string[] => [
  ...words.slice(words.indexOf('procctl') + 1).map((word) => word.replace(/^redis:\/\/.*/, NOWHERE)),
  '--connect-timeout',
  '200ms',
];

describe('docs/pool-remote-beyond.md', () => {
  it('has documents that say what they are', () => {
    expect(documents.map(({ kind }) => kind)).toEqual(['Deployment', 'TriggerAuthentication', 'ScaledObject', 'Job']);
    for (const document of documents) expect(at(document, 'metadata', 'name')).toMatch(/^[a-z-]+$/);
  });

  it('gives a worker in a pod the time to drain, and options that there are', async () => {
    const spec = at(ofKind('Deployment'), 'spec', 'template', 'spec');
    const words = at(spec, 'containers', 0, 'args') as string[];
    const needed = secondsOf(wordAfter(words, '--drain-timeout')) + secondsOf(wordAfter(words, '--stop-timeout')) + 5;
    expect(Number(at(spec, 'terminationGracePeriodSeconds'))).toBeGreaterThanOrEqual(needed);
    const { code, stderr } = await runProcctl(elsewhere(words));
    expect(code, stderr).toBe(125);
  });

  it('scales by the lists of the queue, a pod for as many tasks as it has slots', () => {
    const { spec } = ofKind('ScaledObject') as { spec: Yaml };
    const lists = (at(spec, 'triggers') as Yaml[]).map((trigger) => at(trigger, 'metadata', 'listName'));
    const prefix = keysOf(DEFAULT_QUEUE).job('');
    expect(lists).toEqual([`${prefix}wait`, `${prefix}active`]);
    const words = at(ofKind('Deployment'), 'spec', 'template', 'spec', 'containers', 0, 'args') as string[];
    const { target, formula } = at(spec, 'advanced', 'scalingModifiers') as { target: string; formula: string };
    expect(target).toBe(wordAfter(words, '--size'));
    const names = (at(spec, 'triggers') as Yaml[]).map((trigger) => at(trigger, 'name'));
    expect(formula.split(' + ')).toEqual(names);
    expect(at(spec, 'scaleTargetRef', 'name')).toBe(at(ofKind('Deployment'), 'metadata', 'name'));
  });

  it('has a Job whose words procctl understands', async () => {
    const directory = scratch();
    writeFileSync(join(directory, 'nightly.json'), '[":"]');
    const words = at(ofKind('Job'), 'spec', 'template', 'spec', 'containers', 0, 'args') as string[];
    const own = words.map((word) => word.replace(/^\/(?:state|srv\/jobs)\//, `${directory}/`));
    const { code, stderr } = await runProcctl(elsewhere(own));
    expect(code, stderr).toBe(125);
  });

  it('has a unit that lets the worker tell its tasks itself, in the time it takes', async () => {
    const [unit] = blocks('ini') as [string];
    const value = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? '';
    expect(value('KillMode')).toBe('mixed');
    const words = value('ExecStart').split(' ');
    expect(secondsOf(value('TimeoutStopSec'))).toBeGreaterThanOrEqual(
      secondsOf(wordAfter(words, '--drain-timeout')) + 5 + 5,
    );
    const { code, stderr } = await runProcctl(elsewhere(words));
    expect(code, stderr).toBe(125);
  });

  it('has a worker under procctl that is given the time to drain', () => {
    const [line] = blocks('sh').filter((text) => text.includes('procctl spawn')) as [string];
    const [own, worker] = line.split(' -- ').map((part) => part.split(/\s+/)) as [string[], string[]];
    expect(secondsOf(wordAfter(own, '--stop-timeout'))).toBeGreaterThanOrEqual(
      secondsOf(wordAfter(worker, '--drain-timeout')) + 5 + 5,
    );
  });
});
