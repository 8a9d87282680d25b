import { setTimeout as sleep } from 'node:timers/promises';
import { DaemonClient } from '../client/daemon-client.ts';
import { EXIT } from '../errors.ts';
import { jsonArray } from '../protocol/json-lines.ts';
import type { SpawnRequest } from '../protocol/process-spec.ts';
import type { ParamsOf, Started } from '../protocol/rpc.ts';
import { locateHome } from '../runtime/home.ts';
import { uniqueText } from '../runtime/unique-text.ts';
import { attach } from './attach.ts';
import type { SpawnFlags } from './spawn-flags.ts';
import { say } from './tell.ts';
import { READER_GONE, writeStdout } from './write-stdout.ts';

/** Has something supervised, says what was started, and resolves to the exit status. */
export const runSpawn = async (request: SpawnRequest, flags: SpawnFlags): Promise<number> => {
  const client = new DaemonClient({ home: locateHome(), tell: say });
  try {
    // Lone surrogates stand for bytes; JSON.stringify escapes them, so they reach the daemon.
    const token = uniqueText();
    const params = { request: request as ParamsOf<'process.spawn'>['request'], token };
    const spawn = async () => (await client.command('process.spawn', params)).processes;
    if (flags.attach) return await attach(client, async () => (await spawn())[0] as Started);
    const processes = await spawn();
    const text = flags.json
      ? jsonArray(processes)
      : processes.map(({ name, id, pid }) => `${name} id=${id} pid=${pid ?? '-'}\n`).join('');
    const isRead = await writeStdout(text);
    const status = flags.waitReady > 0 ? await staysUp(client, processes, flags.waitReady) : EXIT.done;
    return status === EXIT.done && !isRead ? READER_GONE : status;
  } finally {
    client.close();
  }
};

/** Waits, and then sees whether every process is still in its first run. */
const staysUp = async (client: DaemonClient, started: readonly Started[], forMs: number): Promise<number> => {
  await sleep(forMs);
  const { processes } = await client.command('process.list', { wide: false });
  let status: number = EXIT.done;
  for (const { id, pid, name } of started) {
    const now = processes.find((process) => process.id === id);
    if (now?.alive === true && now.pid === pid && now.restarts === 0) continue;
    const how =
      now === undefined
        ? 'was removed'
        : now.signal !== null
          ? `was ended by ${now.signal}`
          : `ended with exit code ${now.exitCode ?? 'unknown'}`;
    say(`${name} did not stay up: it ${how} (see: procctl show ${name})`);
    status = EXIT.failed;
  }
  return status;
};
