import { setTimeout as sleep } from 'node:timers/promises';
import { ProcctlError } from '../errors.ts';
import type { Method, ParamsOf, Results } from '../protocol/rpc.ts';
import { type Home, homeExists } from '../runtime/home.ts';
import { lockOwner } from '../runtime/home-lock.ts';
import { Connection, ConnectionLost } from './connection.ts';
import { ANSWER_PATIENCE_MS } from './patience.ts';
import { silentDaemon } from './silent-daemon.ts';

/** How long a daemon that has the home may take until it listens: it may have hundreds of processes to take over. */
const LISTEN_PATIENCE_MS = 30_000;
const RETRY_MS = 20;
/** A daemon that is killed while it starts is started again; one that always dies has a reason. */
const MAX_DEATHS = 5;
/** From then on it is started without options for the engine: perhaps it does not know one. */
const DEATHS_BY_OPTIONS = 2;

export interface DaemonClientOptions {
  readonly home: Home;
  /** Told in one line when a daemon had to be started. */
  readonly tell: (line: string) => void;
}

/** Asks the daemon of a home. */
export class DaemonClient {
  readonly #home: Home;
  readonly #tell: (line: string) => void;
  #connection: Connection | undefined;

  constructor({ home, tell }: DaemonClientOptions) {
    this.#home = home;
    this.#tell = tell;
  }

  /**
   * Asks without starting a daemon: a question that it can answer at once.
   *
   * @returns undefined when none is running
   * @throws ProcctlError ERR_DAEMON_SILENT when it has not answered for ten seconds
   */
  async ask<M extends Method>(method: M, params: ParamsOf<M>): Promise<Results[M] | undefined> {
    if (!homeExists(this.#home)) return undefined;
    const connection = await this.#existing();
    if (connection === undefined) return undefined;
    try {
      return await this.#withinPatience(connection.call(method, params));
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      return this.ask(method, params);
    }
  }

  /**
   * Has something done, by a daemon that is started if need be. If the daemon is killed before it answers, the next one is
   * asked again: every request is either without harm when it is repeated, or carries a token.
   *
   * @param ifRepeated what an error means when the request may have been carried out before; undefined: what it says
   */
  async command<M extends Method>(
    method: M,
    params: ParamsOf<M>,
    { ifRepeated }: { readonly ifRepeated?: (error: unknown) => Results[M] | undefined } = {},
  ): Promise<Results[M]> {
    for (let isRepeated = false; ; isRepeated = true) {
      const connection = await this.#existingOrNew();
      try {
        return await connection.call(method, params);
      } catch (error) {
        const result = isRepeated ? ifRepeated?.(error) : undefined;
        if (result !== undefined) return result;
        if (!(error instanceof ConnectionLost)) throw error;
        await sleep(RETRY_MS);
      }
    }
  }

  /** Starts the daemon if none is running. @returns whether it did */
  async start(): Promise<boolean> {
    const before = await this.#existing();
    if (before !== undefined) return false;
    await this.#existingOrNew();
    return true;
  }

  close(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  async #withinPatience<T>(answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.#isSilent()), ANSWER_PATIENCE_MS);
    });
    try {
      return await Promise.race([answer, silence]);
    } finally {
      clearTimeout(timer);
    }
  }

  #isSilent(): ProcctlError {
    this.close();
    return silentDaemon(this.#home);
  }

  /** A connection, waiting for a daemon that holds the home but does not listen yet. */
  async #existing(): Promise<Connection | undefined> {
    const givenUpAt = performance.now() + LISTEN_PATIENCE_MS;
    for (;;) {
      // Questions under way share a connection: none is cut off by another.
      if (this.#connection?.isOpen) return this.#connection;
      const opened = await Connection.open(this.#home.socket);
      if (opened !== undefined) {
        if (this.#connection?.isOpen) opened.close();
        else this.#connection = opened;
        return this.#connection;
      }
      const owner = lockOwner(this.#home.path);
      if (owner === undefined) return undefined;
      if (performance.now() > givenUpAt) {
        throw new ProcctlError('ERR_DAEMON', `the daemon (pid ${owner.pid}) does not answer`, {
          hint: `see ${this.#home.daemonLog}; it can be killed without harm to what it runs`,
        });
      }
      await sleep(RETRY_MS);
    }
  }

  async #existingOrNew(): Promise<Connection> {
    for (let deaths = 0; ; ) {
      const connection = homeExists(this.#home) ? await this.#existing() : undefined;
      if (connection !== undefined) return connection;
      const { startDaemon } = await import('./start-daemon.lazy.ts');
      const report = await startDaemon(this.#home, { isPlain: deaths >= DEATHS_BY_OPTIONS });
      if (report.tag === 'ready') this.#tell(`started the daemon (pid ${report.pid}, home ${this.#home.path})`);
      if (report.tag === 'died') deaths += 1;
      if (deaths === MAX_DEATHS) {
        throw new ProcctlError('ERR_DAEMON', 'the daemon ended before it was ready', {
          hint: `see ${this.#home.daemonLog}`,
        });
      }
      await sleep(report.tag === 'ready' ? 0 : RETRY_MS);
    }
  }
}
