import { type Command, Option } from 'commander';
import { DEFAULT_CONNECT_TIMEOUT_MS } from '../../protocol/remote/defaults.ts';
import { DEFAULT_QUEUE } from '../../protocol/remote/keys.ts';
import { parseQueueName } from '../../protocol/remote/redis-target.ts';
import { checkedOption, durationOption } from '../options.ts';

/** Where Redis keeps the tasks, and how long it may be away. */
export interface ConnectFlags {
  readonly queue: string;
  /** ms; 0: for ever. */
  readonly connectTimeout: number;
}

export { DEFAULT_CONNECT_TIMEOUT_MS };

export const addConnectOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--queue <name>', 'the queue in Redis, the same for pools and workers')
        .argParser(checkedOption(parseQueueName))
        .default(DEFAULT_QUEUE),
    )
    .addOption(
      new Option('--connect-timeout <duration>', 'give up (exit status 125) when Redis is away for so long; 0: never')
        .argParser(durationOption)
        .default(DEFAULT_CONNECT_TIMEOUT_MS, '30s'),
    );
