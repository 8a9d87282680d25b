import { printable } from '../../core/printable.ts';
import type { ProcctlError } from '../../errors.ts';
import type { RedisTarget } from '../../protocol/remote/redis-target.ts';
import { Link } from '../../runtime/remote/link.ts';
import type { RemotePackages } from '../../runtime/remote/packages.ts';

export interface TalkingLinkOptions {
  readonly target: RedisTarget;
  readonly packages: RemotePackages;
  readonly timeoutMs: number;
  say(line: string): void;
  onUp(isFirst: boolean): void;
  onLost(error: ProcctlError): void;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)}s`;

/** A connection that says when it is cut off, and when it is back. */
export const talkingLink = ({ target, packages, timeoutMs, say, onUp, onLost }: TalkingLinkOptions): Link => {
  let downAt = 0;
  return new Link(packages, target, timeoutMs, {
    onUp: (isFirst, warning) => {
      if (warning !== undefined) say(`warning: ${target.name}: ${printable(warning)}`);
      if (!isFirst) say(`${target.name} is back after ${seconds(performance.now() - downAt)}`);
      onUp(isFirst);
    },
    onDown: () => {
      downAt = performance.now();
      say(`cut off from ${target.name}; trying again${timeoutMs === 0 ? '' : ` for ${timeoutMs / 1000}s`}`);
    },
    onRefusal: (reason) => say(`${target.name} takes nothing for now; trying again: ${printable(reason)}`),
    onTaken: () => say(`${target.name} takes something again`),
    onLost,
  });
};
