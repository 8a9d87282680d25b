import { spawn } from 'node:child_process';

/**
 * Runs a command to its end.
 *
 * @returns what it printed
 * @throws Error when it ends in anything but 0, with its standard error
 */
export const runCommand = async ([program, ...args], env = process.env) => {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) {
    child[stream].on('data', (bytes) => {
      texts[stream] += bytes;
    });
  }
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (...end) => resolve(end));
  });
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ended with ${signal ?? code}: ${texts.stderr.trim()}`);
  return texts.stdout;
};

/** Starts a program that stays in the foreground, and says how to end it: with SIGTERM. */
export const startServer = ([program, ...args], env = process.env) => {
  const child = spawn(program, args, { env, stdio: 'ignore' });
  const ended = new Promise((resolve) => {
    child.once('exit', resolve);
    child.once('error', resolve);
  });
  return {
    pid: child.pid,
    end: async (signal = 'SIGTERM') => {
      child.kill(signal);
      await ended;
    },
  };
};
