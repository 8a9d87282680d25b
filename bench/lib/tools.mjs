// What is there to compare with: programs on the PATH and packages in node_modules. Nothing is installed.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const firstLine = (command) => {
  const { error, stdout } = spawnSync(command[0], command.slice(1), {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return error === undefined ? stdout.split('\n', 1)[0] : undefined;
};

/** The version of a package of node_modules; undefined when it is not there. */
const packageVersion = (name) => {
  try {
    return JSON.parse(readFileSync(new URL(`../../node_modules/${name}/package.json`, import.meta.url), 'utf8'))
      .version;
  } catch {
    return undefined;
  }
};

/** Another program named `parallel` (moreutils') takes other options. */
const gnuParallel = () => {
  const line = firstLine(['parallel', '--version']);
  return line?.startsWith('GNU parallel') ? line : undefined;
};

/** What was found: tool to version. */
export const findTools = (procctl) => {
  const found = {
    procctl: firstLine([process.execPath, procctl, '--version']),
    node: process.version,
    xargs: firstLine(['xargs', '--version']),
    parallel: gnuParallel(),
    xjobs: firstLine(['xjobs', '-V']),
    execa: packageVersion('execa'),
    cat: firstLine(['cat', '--version']),
    sha256sum: firstLine(['sha256sum', '--version']),
  };
  return Object.fromEntries(Object.entries(found).filter(([, version]) => version !== undefined));
};
