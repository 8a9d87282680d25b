export interface KeyEvents {
  /** `q` was pressed, or Ctrl-D. */
  onQuit(): void;
}

/** Keys that mean a signal; a terminal that hands over single keys does not send them itself. */
const SIGNAL_BY_KEY: Readonly<Record<string, NodeJS.Signals>> = {
  '\x03': 'SIGINT',
  '\x1c': 'SIGQUIT',
  '\x1a': 'SIGTSTP',
};

/**
 * Hears single keys from the terminal that standard input is, if it is one. Ctrl-C, Ctrl-\ and Ctrl-Z are signals as ever.
 *
 * @returns gives the terminal its own ways back
 */
export const listenToKeys = ({ onQuit }: KeyEvents): (() => void) => {
  const { stdin } = process;
  if (!stdin.isTTY) return () => {};
  const onData = (bytes: Buffer): void => {
    for (const key of bytes.toString('latin1')) {
      const signal = SIGNAL_BY_KEY[key];
      if (signal === 'SIGTSTP') stdin.setRawMode(false);
      if (signal !== undefined) process.kill(process.pid, signal);
      else if (key === 'q' || key === 'Q' || key === '\x04') onQuit();
    }
  };
  // The shell has used the terminal in its own way meanwhile; Node remembers the mode it once set, and would do nothing.
  const onContinued = (): void => {
    stdin.setRawMode(false);
    stdin.setRawMode(true);
  };
  // A terminal that went away: SIGHUP says so.
  const ignoreError = (): void => {};
  stdin.setRawMode(true);
  stdin.on('data', onData);
  stdin.on('error', ignoreError);
  process.on('SIGCONT', onContinued);
  return () => {
    process.off('SIGCONT', onContinued);
    stdin.off('data', onData);
    stdin.off('error', ignoreError);
    stdin.setRawMode(false);
    stdin.pause();
  };
};
