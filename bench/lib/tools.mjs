// What is there to compare with: programs on the PATH, packages in node_modules, and pm2 in a folder of its own, where
// bench/setup.sh puts it. Nothing is installed.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const peersFolder =
  process.env.PROCCTL_BENCH_PEERS ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'procctl-bench');
const pm2Folder = join(peersFolder, 'node_modules', 'pm2');

export const pm2Program = join(pm2Folder, 'bin', 'pm2');

const firstLine = (command) => {
  const { error, stdout } = spawnSync(command[0], command.slice(1), {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return error === undefined ? stdout.split('\n', 1)[0] : undefined;
};

/** The version of the package in a folder; undefined when there is none. */
const packageVersion = (folder) => {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
  } catch {
    return undefined;
  }
};

/** runit and s6 do not tell their versions; Debian knows. */
const debianVersion = (name, program) => {
  if (firstLine([program]) === undefined) return undefined;
  return firstLine(['dpkg-query', '-W', name])?.split('\t')[1] ?? 'of unknown version';
};

/** Another program named `parallel` (moreutils') takes other options. */
const gnuParallel = () => {
  const line = firstLine(['parallel', '--version']);
  return line?.startsWith('GNU parallel') ? line : undefined;
};

/** GNU has another `rush`, a shell. This one asks for updates when it is asked for its version, so its help is asked. */
const rushVersion = () => {
  const { error, stdout } = spawnSync('rush', ['--help'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  if (error !== undefined || !stdout.includes('github.com/shenwei356/rush')) return undefined;
  return /^Version: (\S+)$/m.exec(stdout)?.[1] ?? 'of unknown version';
};

/** What was found: tool to version. */
export const findTools = (procctl) => {
  const found = {
    procctl: firstLine([process.execPath, procctl, '--version']),
    node: process.version,
    xargs: firstLine(['xargs', '--version']),
    parallel: gnuParallel(),
    rush: rushVersion(),
    xjobs: firstLine(['xjobs', '-V']),
    execa: packageVersion(fileURLToPath(new URL('../../node_modules/execa', import.meta.url))),
    pm2: packageVersion(pm2Folder),
    supervisord: firstLine(['supervisord', '--version']),
    runit: debianVersion('runit', 'sv'),
    s6: debianVersion('s6', 's6-svc'),
    ...Object.fromEntries(
      ['piscina', 'tinypool', 'workerpool', 'jest-worker', 'nano-spawn'].map((name) => [
        name,
        packageVersion(join(peersFolder, 'node_modules', name)),
      ]),
    ),
    redis: firstLine(['redis-server', '--version']),
    bullmq: packageVersion(fileURLToPath(new URL('../../node_modules/bullmq', import.meta.url))),
    python: firstLine(['python3', '--version']),
    cat: firstLine(['cat', '--version']),
    sha256sum: firstLine(['sha256sum', '--version']),
  };
  return Object.fromEntries(Object.entries(found).filter(([, version]) => version !== undefined));
};
