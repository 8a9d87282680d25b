import { constants, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';

/** An answer has some 20 bytes; what a shell says besides may have more. */
const BUFFER_BYTES = 4096;

const unname = (path: string): void => {
  try {
    rmSync(path, { force: true });
  } catch {
    // It goes with its directory.
  }
};

/**
 * The named pipe by which the shell of a lane answers.
 *
 * Why not its standard output: what Node makes of that is a stream, which takes 64 KiB of fresh memory for each answer. That
 * and its own work were a fifth of the time procctl spends on a short task. Only a socket made here can be given a buffer.
 */
export class AnswerPipe {
  readonly #socket: Socket;

  /**
   * @param take gets what comes, as latin1
   * @throws Error when it cannot be opened
   */
  constructor(path: string, take: (text: string) => void) {
    const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
    let isNamed = true;
    const onread = {
      buffer,
      callback: (size: number): boolean => {
        if (isNamed) {
          // Open at both ends it needs no name, and a task that reads all it finds in TMPDIR takes no answers.
          isNamed = false;
          unname(path);
        }
        take(buffer.toString('latin1', 0, size));
        return true;
      },
    };
    // For writing too: then it has no end before the shell opens it, nor when that ends, which is known otherwise.
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    // @types/node knows `onread` of a connection only; Node takes it for any socket.
    this.#socket = new Socket({ fd, readable: true, writable: false, onread } as ConstructorParameters<
      typeof Socket
    >[0]);
    this.#socket.on('error', () => {});
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }
}
