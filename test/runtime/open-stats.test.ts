import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { OpenStats } from '../../src/runtime/family/open-stats.ts';
import { readLeader, readLiveProc } from '../../src/runtime/family/proc.ts';

const children: ChildProcess[] = [];
const all: OpenStats[] = [];

afterEach(async () => {
  for (const stats of all.splice(0)) stats.close();
  for (const child of children.splice(0)) await end(child);
});

const open = (most: number): OpenStats => {
  const stats = new OpenStats(most);
  all.push(stats);
  return stats;
};

const start = (): { readonly pid: number; readonly child: ChildProcess } => {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  children.push(child);
  return { pid: child.pid as number, child };
};

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
};

const isOpen = (pid: number): boolean =>
  readdirSync('/proc/self/fd').some((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`) === `/proc/${pid}/stat`;
    } catch {
      return false; // that of the directory itself
    }
  });

describe.runIf(process.platform === 'linux')('descriptors of /proc/PID/stat that stay open', () => {
  it('read what is true now, as by opening it anew', () => {
    const { pid } = start();
    const stats = open(1);
    for (let time = 1; time <= 3; time += 1) {
      const { state: _, cpuTicks: __, rssPages: ___, command: ____, ...now } = stats.read(pid) ?? {};
      expect(now).toEqual({ pid, parent: process.pid, ...pickSession(pid), startTicks: readLiveProc(pid)?.startTicks });
    }
    expect(isOpen(pid)).toBe(true);
    const busy = stats.read(process.pid)?.cpuTicks ?? 0;
    while ((stats.read(process.pid)?.cpuTicks ?? 0) === busy) {
      // Until time has been counted.
    }
  });

  it('are let go of with the process, which is not there then', async () => {
    const { pid, child } = start();
    const stats = open(10);
    expect(stats.read(pid)?.pid).toBe(pid);
    await end(child);
    expect(stats.read(pid)).toBeUndefined();
    expect(stats.read(pid)).toBeUndefined();
    expect([stats.size, isOpen(pid)]).toEqual([0, false]);
  });

  it('are no more than is allowed, and none after the end', () => {
    const pids = [start(), start(), start()].map(({ pid }) => pid);
    const stats = open(2);
    expect(pids.map((pid) => stats.read(pid)?.pid)).toEqual(pids);
    expect(pids.map(isOpen)).toEqual([true, true, false]);
    expect(pids.map((pid) => stats.read(pid)?.pid)).toEqual(pids);
    stats.close();
    expect([stats.size, ...pids.map(isOpen)]).toEqual([0, false, false, false]);
    expect(pids.map((pid) => stats.read(pid)?.pid)).toEqual(pids);
  });
});

const pickSession = (pid: number) => ({ session: readLiveProc(pid)?.session });

describe.runIf(process.platform === 'linux')('the leader of a process', () => {
  it('is read by its number, its threads are not', () => {
    const threads = readdirSync('/proc/self/task').map(Number);
    expect(threads.length).toBeGreaterThan(1);
    const read = threads.map((tid) => readLeader(tid)?.pid);
    expect(read.filter((pid) => pid !== undefined)).toEqual([process.pid]);
    expect(threads.every((tid) => readLiveProc(tid) !== undefined)).toBe(true);
  });

  it('is nobody where there is nobody', () => {
    expect(readLeader(2 ** 22 + 1)).toBeUndefined();
  });
});
