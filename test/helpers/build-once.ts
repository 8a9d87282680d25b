import { execFileSync } from 'node:child_process';

/** The tests of the command line run the built program: build it anew, so that they never test yesterday's. */
export default (): void => {
  execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
};
