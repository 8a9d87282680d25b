import { gracefully } from '../../core/pool/term-sequence.ts';
import type { ProcctlError } from '../../errors.ts';
import { parseRedisTarget } from '../../protocol/remote/redis-target.ts';
import type { Place, PlaceEvents } from '../../runtime/pool/place.ts';
import type { Link } from '../../runtime/remote/link.ts';
import { loadRemotePackages } from '../../runtime/remote/packages.ts';
import { RemotePlace } from '../../runtime/remote/remote-place.ts';
import { hideSecrets, queueKey } from '../remote/hide-secrets.ts';
import { talkingLink } from '../remote/link-talk.ts';
import type { PoolFlags } from './flags.ts';

export { REMOTE_SIZE } from '../../protocol/remote/defaults.ts';
export { leaveSoon } from '../remote/leave-soon.ts';

export interface RemotePorts {
  say(line: string): void;
  onChange(): void;
}

/** What makes the place where the tasks of a pool run, when the first one starts. */
export const remotePlaces = (
  url: string,
  flags: PoolFlags,
  directory: string,
  ports: RemotePorts,
): ((events: PlaceEvents) => Place) => {
  const target = parseRedisTarget(url, process.env);
  hideSecrets(target);
  const packages = loadRemotePackages(directory);
  const say = (line: string): void => ports.say(`procctl: ${line}`);
  return ({ onFailed }) => {
    let lost: ProcctlError | undefined;
    const link: Link = talkingLink({
      target,
      packages,
      timeoutMs: flags.connectTimeout,
      say,
      onUp: () => {},
      onLost: (error) => {
        lost ??= error;
        onFailed(lost);
      },
    });
    return new RemotePlace(
      packages,
      link,
      {
        queue: flags.queue,
        timeoutMs: flags.timeout.kind === 'fixed' ? flags.timeout.ms : 0,
        ending: flags.termSeq ?? gracefully(flags.stopTimeout),
        nice: flags.nice,
        memoryMax: flags.memoryMax,
        key: queueKey(process.env),
        connectTimeoutMs: flags.connectTimeout,
        env: process.env,
      },
      { say, onChange: ports.onChange },
    );
  };
};
