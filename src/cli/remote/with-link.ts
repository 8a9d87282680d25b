import { printable } from '../../core/printable.ts';
import { ProcctlError } from '../../errors.ts';
import { parseRedisTarget, type RedisTarget } from '../../protocol/remote/redis-target.ts';
import type { Link } from '../../runtime/remote/link.ts';
import { loadRemotePackages, type RemotePackages } from '../../runtime/remote/packages.ts';
import type { ConnectFlags } from './connect-options.ts';
import { hideSecrets } from './hide-secrets.ts';
import { leaveSoon } from './leave-soon.ts';
import { talkingLink } from './link-talk.ts';

/** A connection for one command. */
export interface Session {
  readonly target: RedisTarget;
  readonly packages: RemotePackages;
  readonly link: Link;
}

/**
 * Connects, does something, and goes.
 *
 * @param putAway what has to be done, in a short time, when the connection is lost for good in the middle of `work`
 * @throws ProcctlError ERR_REDIS when Redis is away for too long, and what `work` throws
 */
export const withLink = async <T>(
  url: string,
  { connectTimeout }: ConnectFlags,
  say: (line: string) => void,
  work: (session: Session) => Promise<T>,
  putAway?: () => Promise<void>,
): Promise<T> => {
  const target = parseRedisTarget(url, process.env);
  hideSecrets(target);
  const packages = loadRemotePackages(process.cwd());
  let lose = (_error: ProcctlError): void => {};
  let isLost = false;
  const lost = new Promise<never>((_, reject) => {
    lose = (error) => {
      isLost = true;
      reject(error);
    };
  });
  lost.catch(() => {});
  const link = talkingLink({
    target,
    packages,
    timeoutMs: connectTimeout,
    say,
    onUp: () => {},
    onLost: (error) => lose(error),
  });
  try {
    const done = work({ target, packages, link });
    done.catch(() => {}); // once the connection is lost, it fails as well
    return await Promise.race([done, lost]);
  } catch (error) {
    if (isLost) await putAway?.();
    if (!(error instanceof Error) || error.name !== 'ReplyError') throw error;
    throw new ProcctlError('ERR_REDIS', `${target.name}: ${printable(link.redacted(error.message))}`);
  } finally {
    await link.close();
    leaveSoon();
  }
};
