import { describe, expect, it } from 'vitest';
import { TestHome } from '../helpers/home.ts';

describe('procctl spawn', () => {
  it('prints name, id and pid once the program runs, and says that it started the daemon', async () => {
    const home = new TestHome();
    const { code, stdout, stderr } = await home.run(['spawn', '--name', 'napper', 'sleep', '1000']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^napper id=1 pid=\d+\n$/) });
    expect(stderr).toMatch(/^procctl: started the daemon \(pid \d+, home .*\)\n$/);
    const view = await home.view('napper');
    expect(view).toMatchObject({
      name: 'napper',
      alive: true,
      state: 'waiting',
      reason: 'sleep',
      command: 'sleep 1000',
    });
    expect(stdout).toContain(`pid=${view.pid}\n`);
  });
});
