import type { DaemonStatus } from '../protocol/rpc.ts';
import type { Home } from '../runtime/home.ts';
import type { Supervisor } from '../runtime/supervise/supervisor.ts';

/** What the daemon knows of itself. */
export class DaemonFacts {
  readonly #home: Home;
  readonly #version: string;
  readonly #startedAt = new Date().toISOString();

  constructor(home: Home, version: string) {
    this.#home = home;
    this.#version = version;
  }

  status(supervisor: Supervisor): DaemonStatus {
    const { all } = supervisor;
    return {
      running: true,
      pid: process.pid,
      version: this.#version,
      home: this.#home.path,
      socket: this.#home.socket,
      startedAt: this.#startedAt,
      processes: all.length,
      alive: all.filter(({ main }) => main !== null).length,
      memoryBytes: process.memoryUsage.rss(),
    };
  }
}
