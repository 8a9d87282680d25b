import { Command, Option } from 'commander';
import { ProcctlError } from '../errors.ts';
import { checkedOption, durationOption } from './options.ts';
import type { QueueDemoFlags } from './run-queue-demo.lazy.ts';

const MAX_PROCESSES = 64;
const MAX_ITEMS = 1_000_000;

const countOption = (most: number) =>
  checkedOption((text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= 1 && value <= most) return value;
    throw new ProcctlError('ERR_USAGE', `expected a whole number from 1 to ${most}, got "${text}"`);
  });

const numbered = (flags: string, description: string, most: number, standard: number): Option =>
  new Option(flags, description).argParser(countOption(most)).default(standard, String(standard));

const HELP = `
Producers and consumers are processes of their own. They share one queue and no variables: each counts its items
in a global variable, which this process has too, and the end shows what it is in each of them.

Exit status: 0 if each item has arrived exactly once, else 1.

Examples:
  procctl queue-demo
  procctl queue-demo --producers 4 --consumers 2 --items 1000 --delay 0 | tail -2
  procctl queue-demo --kill-one --delivery at-least-once

See docs/queue.md.`;

/** `procctl queue-demo`; the exit status goes to `setStatus`. */
export const queueDemoCommand = (setStatus: (status: number) => void): Command =>
  new Command('queue-demo')
    .summary('show producers and consumers over a queue')
    .description('Start producers and consumers, each a process of its own, over one queue, and show what they do.')
    .addOption(numbered('--producers <n>', 'processes that put items', MAX_PROCESSES, 2))
    .addOption(numbered('--consumers <n>', 'processes that take items', MAX_PROCESSES, 3))
    .addOption(numbered('--items <n>', 'items in all', MAX_ITEMS, 100))
    .addOption(numbered('--capacity <n>', 'items the queue has room for', MAX_ITEMS, 10))
    .addOption(
      new Option('--delay <duration>', 'what a consumer takes for an item: 20ms, 1s')
        .argParser(durationOption)
        .default(20, '20ms'),
    )
    .addOption(
      new Option('--delivery <mode>', 'what becomes of an item whose consumer dies')
        .choices(['at-most-once', 'at-least-once'])
        .default('at-most-once'),
    )
    .option('--kill-one', 'kill a consumer halfway', false)
    .option('--json', 'NDJSON: a line for each event, the last one with the proof', false)
    .addHelpText('after', HELP)
    .action(async (flags: QueueDemoFlags) => {
      const { runQueueDemo } = await import('./run-queue-demo.lazy.ts');
      setStatus(await runQueueDemo(flags));
    });
