import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

const hasScript = spawnSync('script', ['--version']).status === 0;

/** What a terminal of 80 columns receives while a shell line runs in it; script(1) makes the terminal. */
const seenOnTerminal = (line: string): string =>
  spawnSync('script', ['-qc', `stty cols 80 rows 24; ${line}`, '/dev/null'], {
    env: { ...process.env, TERM: 'xterm', NODE_EXTRA_CA_CERTS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  }).stdout.toString();

const POOL = `printf '["sleep 0.3; echo whole", "exit 3"]' | node bin/procctl.cjs pool --size 2`;

describe.skipIf(!hasScript)('a pool on a terminal', () => {
  it('shows its slots while they work, and leaves only what the tasks wrote and a summary', () => {
    const seen = seenOnTerminal(`${POOL} -`);
    expect(seen).toContain('SLOT');
    expect(seen.replace(/\x1b\[[\d;]*m/g, '')).toMatch(/running +yes +sleep 0\.3/);
    expect(seen).toContain('whole');
    // The cursor is shown again, and after the last erasure there is nothing of the table.
    const end = seen.slice(Math.max(seen.lastIndexOf('\x1b[J'), seen.lastIndexOf('\x1b[2K')));
    expect(end).not.toContain('SLOT');
    expect(end).toContain('2 tasks: 1 succeeded, 1 failed');
    expect(seen.lastIndexOf('\x1b[?25h')).toBeGreaterThan(seen.lastIndexOf('\x1b[?25l'));
  });

  it('paints nothing when another program reads its output, and may write to the same terminal', () => {
    const seen = seenOnTerminal(`${POOL} - | cat`);
    expect(seen).toContain('whole');
    expect(seen).not.toContain('\x1b');
  });

  it('paints nothing when the terminal itself is to be the input, and says what to do', () => {
    for (const words of ['-', '-- echo', '-- echo ::: a :::: -', '--shell', '--pipe -- cat', '--csv -- echo']) {
      const seen = seenOnTerminal(`node bin/procctl.cjs pool ${words}`);
      expect(seen).toMatch(/^procctl: standard input is a terminal: [^\n]*\n$/);
    }
  });

  it('paints nothing with --progress none, --quiet or a dumb terminal', () => {
    for (const line of [`${POOL} --progress none -`, `${POOL} --quiet -`, `export TERM=dumb; ${POOL} -`]) {
      expect(seenOnTerminal(line)).not.toContain('\x1b');
    }
  });
});
