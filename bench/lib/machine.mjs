import { arch, cpus, loadavg, release, totalmem, type } from 'node:os';

/** The machine that the numbers are from. */
export const describeMachine = () => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryBytes: totalmem(),
  kernel: `${type()} ${release()} ${arch()}`,
});

/** How many processes have wanted a CPU in the last minute, on average: what else the machine is doing. */
export const load = () => Number(loadavg()[0].toFixed(2));
